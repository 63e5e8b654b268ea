package glia.plan.choose;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry;
import glia.model.cost.LayerKind;
import glia.model.spec.CacheKind;
import glia.model.spec.ModelSpec;
import glia.plan.choose.Choice.Format;
import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Prices;
import glia.plan.data.Prices.Price;
import glia.plan.data.Quality;
import glia.plan.data.Quality.Score;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Setup.Split;
import glia.plan.predict.Shape;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/// Tries each model of the catalogue in each format on each device and number of devices, and ranks what meets the
/// needs by cost.
///
/// The sequences at a time follow from Little's law, `batch = rate · (first token + answer · between tokens)`; the
/// wait before a prompt from the load ρ of the device, `prompt · (1 + 3·ρ/(1 - ρ))` for 95 % of the requests of an
/// M/M/1 queue (`-ln 0.05 ≈ 3`).
///
/// Source: Little's law, https://doi.org/10.1287/opre.9.3.383
public final class Planner {
    /// Devices that share a copy.
    public static final List<Integer> COUNTS = List.of(1, 2, 4, 8);
    /// The need that a model misses with a longer context than its own.
    public static final String TOO_SHORT = "the model's context is shorter than needed";
    /// Stands between needs that a choice misses.
    public static final String AND = " and ";
    private static final String LATE = "the first token comes too late";
    private static final String SLOW = "tokens come too slowly";
    private static final String BELOW = " is below the floor";
    private static final int MOST_COPIES = 4096;
    private static final int MOST_BATCH = 1024;
    static final double HOURS = 730;
    private static final double QUANTILE = 3;
    private static final double LOAD = 0.8;

    private final Effects effects;
    private final Devices devices;
    private final Prices prices;
    private final Quality quality;
    private final Catalogue catalogue;
    /// Models that write answers, without scores; empty for those that do not.
    private final Map<String, Optional<Candidate>> writers = new ConcurrentHashMap<>();

    /// @param effects of the predictions
    /// @param devices that are known
    public Planner(Effects effects, Devices devices) {
        this.effects = effects;
        this.devices = devices;
        prices = Prices.known();
        quality = Quality.known();
        catalogue = Catalogue.load();
    }

    /// What was found.
    ///
    /// @param choices that meet all needs, the cheapest first; one per model
    /// @param ruledOut how many combinations each rule excluded
    /// @param nearest what meets all needs but one, the cheapest of each, by the need that it misses. If nothing meets
    ///     all needs: what misses the fewest, by these needs joined by [#AND], and is nearest to meeting them
    /// @param largest if nothing was found: the memory that the smallest model needs, and the largest that was allowed,
    ///     as a sentence
    /// @param services that sell tokens of models that meet the needs
    public record Plan(List<Choice> choices, Map<String, Integer> ruledOut, Map<String, Choice> nearest,
            String largest, List<Services.Offer> services) {
        public Plan {
            choices = List.copyOf(choices);
            services = List.copyOf(services);
        }
    }

    /// A model that writes answers.
    ///
    /// @param scores published, by benchmark of the needs
    public record Candidate(CatalogueEntry.Disclosed model, ModelSpec spec, Shape shape, Map<String, Score> scores) { }

    /// Constants of the formulas, by the names that the page of a plan reads.
    public static Map<String, Number> constants() {
        return Map.of("hours", HOURS, "quantile", QUANTILE, "load", LOAD, "mostBatch", MOST_BATCH, "mostCopies",
                MOST_COPIES, "usable", Serving.USABLE_MEMORY, "mostSequences", Serving.MOST_SEQUENCES);
    }

    /// The models that needs allow to consider.
    ///
    /// @throws IllegalArgumentException if the needs name a model or benchmark that is not known
    public List<Candidate> candidates(Needs needs) {
        for (String benchmark : needs.benchmarks()) {
            if (quality.benchmarks().stream().noneMatch(benchmark::equalsIgnoreCase)) {
                throw new IllegalArgumentException("no scores of a benchmark '" + benchmark + "' are known; there are "
                        + String.join(", ", quality.benchmarks()));
            }
        }
        List<Candidate> candidates = new ArrayList<>();
        for (CatalogueEntry.Disclosed model : models(needs)) {
            writers.computeIfAbsent(model.id(), id -> writer(model)).ifPresent(writer -> {
                Map<String, Score> scores = new LinkedHashMap<>();
                needs.benchmarks().forEach(b -> quality.of(model.name(), b).ifPresent(s -> scores.put(b, s)));
                candidates.add(new Candidate(model, writer.spec(), writer.shape(), scores));
            });
        }
        return candidates;
    }

    /// Encoders write no answers.
    private static Optional<Candidate> writer(CatalogueEntry.Disclosed model) {
        ModelSpec spec = model.validSpec();
        return spec.encoder().isEmpty() && LayerKind.of(spec).stream().noneMatch(Planner::seesBothWays)
                ? Optional.of(new Candidate(model, spec, Shape.of(spec), Map.of())) : Optional.empty();
    }

    /// Computes a plan.
    ///
    /// @throws IllegalArgumentException if the needs name a device, model or benchmark that is not known
    public Plan plan(Needs needs) {
        Map<String, Integer> ruledOut = new LinkedHashMap<>();
        List<Choice> met = new ArrayList<>();
        Map<List<String>, Choice> cheapest = new LinkedHashMap<>();
        Map<List<String>, Choice> nearest = new LinkedHashMap<>();
        List<Candidate> candidates = candidates(needs);
        List<Device> allowed = devices(needs);
        for (Candidate candidate : candidates) {
            List<String> ofModel = faults(needs, candidate);
            for (Device device : allowed) {
                for (Format format : Format.values()) {
                    for (int count : COUNTS) {
                        Optional<Choice> choice = choice(needs, candidate, device, format, count);
                        List<String> faults = new ArrayList<>(ofModel);
                        choice.ifPresentOrElse(c -> faults.addAll(faults(needs, c)),
                                () -> faults.add("the weights and one request do not fit in the memory"));
                        faults.forEach(fault -> ruledOut.merge(fault, 1, Integer::sum));
                        if (choice.isPresent() && faults.isEmpty()) {
                            met.add(choice.get());
                        } else if (choice.isPresent()) {
                            cheapest.merge(faults, choice.get(), Planner::cheaper);
                            nearest.merge(faults, choice.get(), (a, b) -> nearer(faults.getFirst(), a, b));
                        }
                    }
                }
            }
        }
        Map<String, Choice> best = met.stream().collect(Collectors.toMap(Choice::id, c -> c, Planner::cheaper));
        List<Choice> ranked = best.values().stream().sorted(Comparator.comparingDouble(Choice::month)
                .thenComparing(Choice::id)).toList();
        int fewest = met.isEmpty() ? nearest.keySet().stream().mapToInt(List::size).min().orElse(0) : 1;
        Map<String, Choice> missing = new LinkedHashMap<>();
        (met.isEmpty() ? nearest : cheapest).forEach((faults, choice) -> {
            if (faults.size() == fewest) {
                missing.put(String.join(AND, faults), choice);
            }
        });
        List<Services.Offer> services = Services.of(needs, this, candidates, quality, ranked,
                ruledOut);
        return new Plan(ranked, ruledOut, missing, met.isEmpty() && missing.isEmpty()
                ? largest(needs, candidates) : "", services);
    }

    private String largest(Needs needs, List<Candidate> candidates) {
        double least = candidates.stream().map(Candidate::shape).mapToDouble(s -> s.parameters() * Format.Q4.bits() / 8
                + needs.cacheBytes() * s.cached(needs.length())).min().orElse(0);
        double most = Serving.USABLE_MEMORY * COUNTS.getLast() * devices(needs).stream()
                .mapToDouble(d -> d.memory().orElse(0)).max().orElse(0);
        int longest = candidates.stream().mapToInt(c -> c.spec().contextLength()).max().orElse(0);
        return String.format(Locale.ROOT, "The smallest model needs %.1f GB with one request, in 4 bits; the largest "
                + "devices that are allowed hold %.1f GB, %d together. The longest context of a model has %,d tokens.",
                least / 1e9, most / 1e9, COUNTS.getLast(), longest);
    }

    /// The choice that misses a need by less.
    private static Choice nearer(String fault, Choice a, Choice b) {
        ToDoubleFunction<Choice> distance = switch (fault) {
            case LATE -> Choice::firstToken;
            case SLOW -> Choice::betweenTokens;
            case TOO_SHORT -> c -> -c.context();
            default -> c -> c.scores().entrySet().stream().filter(e -> fault.endsWith(e.getKey() + BELOW))
                    .mapToDouble(e -> -e.getValue().points()).findFirst().orElse(0);
        };
        int order = Double.compare(distance.applyAsDouble(a), distance.applyAsDouble(b));
        return order == 0 ? cheaper(a, b) : order < 0 ? a : b;
    }

    /// The Pareto front of cost and quality: choices whose score is higher than that of every cheaper one.
    ///
    /// @param ranked by cost
    public static List<Choice> front(List<Choice> ranked, String benchmark) {
        List<Choice> front = new ArrayList<>();
        double highest = Double.NEGATIVE_INFINITY;
        for (Choice choice : ranked) {
            Score score = choice.scores().get(benchmark);
            if (score != null && score.points() > highest) {
                highest = score.points();
                front.add(choice);
            }
        }
        return front;
    }

    private static boolean seesBothWays(LayerKind kind) {
        return kind.caches().stream().anyMatch(cache -> cache instanceof CacheKind.KeyValues kv
                && (kv.span() instanceof Span.Bidirectional || kv.span() instanceof Span.BidirectionalWindow));
    }

    private static Choice cheaper(Choice a, Choice b) {
        int order = Comparator.comparingDouble(Choice::month).thenComparing(Choice::allDevices)
                .thenComparing(c -> -c.weights().bits()).thenComparing(Choice::id).compare(a, b);
        return order <= 0 ? a : b;
    }

    private List<CatalogueEntry.Disclosed> models(Needs needs) {
        List<CatalogueEntry> entries = needs.models().isEmpty() ? catalogue.entries()
                : needs.models().stream().flatMap(id -> catalogue.find(id).stream()).toList();
        return entries.stream().filter(CatalogueEntry.Disclosed.class::isInstance)
                .map(CatalogueEntry.Disclosed.class::cast).toList();
    }

    /// The devices that needs allow, in groups of 1, 2, 4 and 8.
    ///
    /// @throws IllegalArgumentException if the needs name a device that is not known
    public List<Device> devices(Needs needs) {
        return needs.devices().isEmpty() ? devices.all().stream().filter(d -> d.memory().isPresent()
                && prices.of(d.name()).isPresent()).toList() : needs.devices().stream().map(devices::get).toList();
    }

    /// Which needs a model misses on any device.
    public List<String> faults(Needs needs, Candidate candidate) {
        CatalogueEntry.Disclosed model = candidate.model();
        List<String> faults = new ArrayList<>();
        if (candidate.spec().contextLength() < needs.length()) {
            faults.add(TOO_SHORT);
        }
        if (Licences.of(model.id()).allows().compareTo(needs.licence()) < 0) {
            faults.add("the licence does not allow the use");
        }
        needs.floors().forEach((benchmark, floor) -> {
            Score score = candidate.scores().get(benchmark);
            if (score == null) {
                faults.add("no published score in " + benchmark);
            } else if (score.points() < floor) {
                faults.add("the score in " + benchmark + BELOW);
            }
        });
        return faults;
    }

    private static List<String> faults(Needs needs, Choice choice) {
        List<String> faults = new ArrayList<>();
        if (choice.firstToken() > needs.firstToken()) {
            faults.add(LATE);
        }
        if (choice.betweenTokens() > needs.betweenTokens()) {
            faults.add(SLOW);
        }
        if (choice.month() > needs.budget()) {
            faults.add("it costs more than the budget");
        }
        return faults;
    }

    /// The rate of requests from which on a copy of a choice costs less than a service; empty if one copy cannot answer
    /// as many within the bearable times.
    ///
    /// @param service USD a month of one request per second
    OptionalDouble breakEven(Needs needs, List<Candidate> candidates, Choice own, double service) {
        double rate = own.month() / own.copies() / service;
        Candidate candidate = candidates.stream().filter(c -> c.model().id().equals(own.id())).findFirst()
                .orElseThrow();
        Needs then = new Needs(needs.task(), needs.prompt(), needs.output(), rate, needs.firstToken(),
                needs.betweenTokens(), needs.context(), needs.floors(), needs.licence(), needs.devices(),
                needs.budget(), needs.priceOfHour(), needs.models(), needs.cacheBytes(), needs.isPrivate());
        return choice(then, candidate, own.device(), own.weights(), own.devices())
                .filter(c -> c.copies() == 1 && c.firstToken() <= needs.firstToken()
                        && c.betweenTokens() <= needs.betweenTokens()).isPresent()
                ? OptionalDouble.of(rate) : OptionalDouble.empty();
    }

    /// The best batch and number of copies of a model on these devices; empty if it does not fit.
    private Optional<Choice> choice(Needs needs, Candidate candidate, Device device, Format format, int count) {
        Shape shape = candidate.shape();
        Setup setup = new Setup(device, count, Split.TENSOR, "", format.bits(), 0);
        double weights = shape.parameters() * format.bits() / 8;
        Serving.Load load = new Serving.Load(needs.prompt(), needs.output(), 0, needs.cacheBytes());
        double fitting = Math.min(MOST_BATCH, Serving.fitting(setup, shape, weights, new Serving.Load(
                Math.max(needs.prompt(), needs.length() - needs.output()), needs.output(), 0, needs.cacheBytes())));
        if (fitting < 1) {
            return Optional.empty();
        }
        Serving.Rates rates = Serving.Rates.of(effects, setup, shape);
        Choice best = null;
        for (int batch = 1; batch <= fitting; batch *= 2) {
            Choice next = at(needs, candidate, setup, rates, format, weights, load, batch);
            boolean isFast = next.firstToken() <= needs.firstToken() && next.betweenTokens() <= needs.betweenTokens();
            boolean bestIsFast = best != null && best.firstToken() <= needs.firstToken()
                    && best.betweenTokens() <= needs.betweenTokens();
            if (best == null || isFast && !bestIsFast || isFast == bestIsFast && next.month() < best.month()) {
                best = next;
            }
        }
        return Optional.of(best);
    }

    private Choice at(Needs needs, Candidate candidate, Setup setup, Serving.Rates rates, Format format, double weights,
            Serving.Load load, int batch) {
        CatalogueEntry.Disclosed model = candidate.model();
        Shape shape = candidate.shape();
        double step = rates.step(shape, weights, load, batch);
        double prompt = rates.prompt(shape, needs.prompt());
        // Each answer of the batch needs a prompt computed, which delays the tokens of all.
        double answer = needs.output() * step + batch * prompt;
        double requests = batch / answer;
        int copies = (int) Math.min(MOST_COPIES, Math.max(1, Math.ceil(needs.rate() / (requests * LOAD))));
        double busy = Math.min(LOAD, needs.rate() / copies * prompt);
        double first = prompt * (1 + QUANTILE * busy / (1 - busy)) + step;
        double between = answer / needs.output();
        Price price = price(needs, setup.device());
        double month = copies * setup.devices() * price.dollars() * HOURS;
        Map<String, Double> memory = new LinkedHashMap<>();
        memory.put("weights", weights);
        memory.put("KV cache", batch * load.cacheBytes() * shape.cached(needs.prompt() + needs.output()));
        double tokens = needs.rate() * (needs.prompt() + needs.output()) * HOURS * 3600;
        return new Choice(model.id(), model.name(), shape, format, setup.device(), setup.devices(), copies, batch,
                memory, copies * requests * needs.output(), first, between, price, month, month / tokens * 1e6,
                setup.device().watts() * setup.devices() / (requests * needs.output()),
                bound(setup, shape, weights, load, batch), candidate.spec().contextLength(),
                candidate.scores(), Licences.of(model.id()));
    }

    /// The price of an hour of a device: the given one, or else a published one, or else 0.
    public Price price(Needs needs, Device device) {
        return needs.priceOfHour().isPresent() ? new Price(needs.priceOfHour().getAsDouble(), "", "given")
                : prices.of(device.name()).orElse(new Price(0, "", "no published price"));
    }

    /// The largest part of a step, by plain arithmetic.
    private static String bound(Setup setup, Shape shape, double weights, Serving.Load load, int batch) {
        double n = setup.devices();
        double reading = weights * shape.active() / shape.parameters() / (n * setup.device().bandwidth());
        double cache = batch * load.cacheBytes() * shape.cached(load.prompt() + load.output() / 2)
                / (n * setup.device().bandwidth());
        double work = 2 * shape.active() * batch * (1 + load.prompt() / load.output())
                / (n * setup.device().rate((int) Math.ceil(setup.bits())));
        return work > Math.max(reading, cache) ? "arithmetic" : cache > reading ? "reading the KV cache"
                : "reading the weights";
    }
}
