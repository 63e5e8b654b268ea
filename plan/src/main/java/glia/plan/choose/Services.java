package glia.plan.choose;

import glia.plan.choose.Candidates.Candidate;
import glia.plan.data.Prices;
import glia.plan.data.Quality.Score;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/// Services that sell tokens, beside own hardware. Their times are not published, so only cost, quality, licence of
/// the weights and context are compared with the needs.
///
/// A service costs `rate · (prompt · input + answer · output)`. Own hardware of one copy costs M a month, whatever it
/// does, so it is cheaper from `M / cost of a request` requests on, if the copy can answer as many.
public final class Services {
    private static final double MILLION = 1e6;
    private static final double SECONDS = 3600;

    private Services() { }

    /// A service that may meet the needs.
    ///
    /// @param tokens prices, provider, date and source
    /// @param model id in the catalogue, if it is there
    /// @param thinks whether the model thinks before it answers
    /// @param scores published, by benchmark of the needs
    /// @param month USD at the needed rate
    /// @param own the own hardware that it is compared with: the cheapest choice of the same model, or else of all
    /// @param breakEven requests per second from which on own hardware is cheaper; empty if it never is
    public record Offer(Prices.Tokens tokens, Optional<String> model, boolean thinks,
            Map<String, Score> scores, double month,
            Optional<Choice> own, OptionalDouble breakEven) { }

    /// The services that meet the needs, the cheapest of each model, by cost.
    ///
    /// @param choices own hardware that meets the needs, the cheapest first
    /// @param ruledOut gets the number of services that each need excludes
    static List<Offer> of(Needs needs, Planner planner, List<Candidate> candidates, List<Choice> choices,
            Map<String, Integer> ruledOut) {
        if (needs.task() == Needs.Task.DEVICE) {
            return List.of();
        }
        Map<String, List<Candidate>> byKey = candidates.stream().collect(Collectors.groupingBy(c -> key(c.id())));
        Map<String, Offer> cheapest = new LinkedHashMap<>();
        for (Prices.Tokens tokens : Prices.knownTokens()) {
            List<Candidate> same = byKey.getOrDefault(key(tokens.item()), List.of());
            for (boolean thinks : new boolean[] {false, true}) {
                Optional<Candidate> model = same.stream().filter(c -> c.thinks() == thinks).findFirst();
                Map<String, Score> scores = model.map(Candidate::scores).orElseGet(() -> planner.candidates()
                        .scores(needs, tokens.item(), thinks));
                if (!same.isEmpty() ? model.isEmpty() : !needs.models().isEmpty() || scores.isEmpty()
                        && (thinks || !needs.task().isText())) {
                    continue;
                }
                double output = needs.traffic().output() + (thinks ? planner.candidates().thinking(needs) : 0);
                double request = (needs.prompt() * tokens.input() + output * tokens.output()) / MILLION;
                Optional<Choice> own = choices.stream().filter(c -> model.isPresent() && c.thinks() == thinks
                        && c.id().equals(model.get().id())).findFirst().or(() -> choices.stream().findFirst());
                Offer offer = new Offer(tokens, model.map(Candidate::id), thinks, scores,
                        needs.rate() * request * Planner.HOURS * SECONDS, own, OptionalDouble.empty());
                List<String> faults = faults(needs, offer, model);
                faults.forEach(fault -> ruledOut.merge(fault, 1, Integer::sum));
                if (faults.isEmpty()) {
                    cheapest.merge(key(tokens.item()) + thinks, offer, (a, b) -> a.month() <= b.month() ? a : b);
                }
            }
        }
        return cheapest.values().stream().map(o -> new Offer(o.tokens(), o.model(), o.thinks(), o.scores(), o.month(),
                o.own(), o.own().map(c -> planner.breakEven(needs, candidates, c, o.month() / needs.rate()))
                        .orElse(OptionalDouble.empty()))).sorted(Comparator.comparingDouble(Offer::month)
                .thenComparing(o -> o.tokens().item())).toList();
    }

    private static List<String> faults(Needs needs, Offer offer, Optional<Candidate> model) {
        List<String> faults = new ArrayList<>();
        if (needs.isPrivate()) {
            return List.of("the service would see the data");
        }
        if (offer.month() > needs.budget()) {
            faults.add("the service costs more than the budget");
        }
        if (model.isPresent() && model.get().context() < model.get().taken(needs)) {
            faults.add("the service's model has a shorter context than needed");
        }
        Needs.Licence allowed = offer.model().map(id -> Licences.of(id).allows()).orElse(Needs.Licence.ANY);
        if (allowed.compareTo(needs.licence()) < 0) {
            faults.add("the licence of the service's model does not allow the use");
        }
        needs.floors().forEach((benchmark, floor) -> {
            Score score = offer.scores().get(benchmark);
            if (score == null || score.points() < floor) {
                faults.add("the service's model has no score in " + benchmark + " of at least " + floor);
            }
        });
        return faults;
    }

    /// The part of a name that differs between models, as services write them: that of
    /// `meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo`, `llama-v3p1-8b-instruct` and `llama-3.1-8b` is the same.
    static String key(String name) {
        return name.toLowerCase(Locale.ROOT).replaceFirst("^.*/", "").replaceFirst("^(google|mistral|nvidia|openai)\\.",
                "").replaceFirst(":\\d+$", "").replaceAll("(\\d)p(\\d)", "$1.$2").replaceAll("\\bv(?=3\\.\\d-)", "")
                .replaceFirst("^meta-", "").replaceAll("-(instruct|chat|it|turbo|instant|versatile|lite|basic|fp8|fast"
                + "|\\d+e(?=-|$)|17b(?=-1))", "").replaceAll("[^a-z0-9.]", "");
    }
}
