package glia.plan.choose;

import glia.plan.choose.Candidates.Candidate;
import glia.plan.choose.Choice.Format;
import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Prices;
import glia.plan.data.Prices.Price;
import glia.plan.data.Quality.Score;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Setup.Split;
import glia.plan.predict.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/// Tries each model of the catalogue in each format on each device and number of devices, and ranks what meets the
/// needs by cost; KV caches in 16 and 8 bits, models with and without thinking.
///
/// The sequences at a time follow from Little's law, `batch = rate · (first token + answer · between tokens)`; the
/// wait before a prompt from the load ρ of the device: 95 % of the requests wait at most
/// `prompt · 3·ρ/(1 - ρ) · (1 + c²)/2` (M/G/1 queue, `-ln 0.05 ≈ 3`), with the coefficient of variation c of the
/// lengths of prompts ([Traffic]).
///
/// Sources: Little's law, https://doi.org/10.1287/opre.9.3.383; Pollaczek and Khinchine's formula,
/// https://doi.org/10.1007/BF01194620
public final class Planner {
    /// Devices that share a copy.
    private static final List<Integer> COUNTS = List.of(1, 2, 4, 8);
    /// Stands between needs that a choice misses.
    public static final String AND = " and ";
    private static final String LATE = "the first token comes too late";
    private static final String SLOW = "tokens come too slowly";
    private static final int MOST_COPIES = 4096;
    private static final int MOST_BATCH = 1024;
    static final double HOURS = 730;
    private static final double QUANTILE = 3;
    /// Bytes of a cached number that are tried, the better ones first.
    public static final List<Integer> CACHES = List.of(2, 1);
    private static final double LOAD = 0.8;

    private final Effects effects;
    private final Devices devices;
    private final Prices prices;
    private final Candidates candidates = new Candidates();

    /// @param effects of the predictions
    /// @param devices that are known
    public Planner(Effects effects, Devices devices) {
        this.effects = effects;
        this.devices = devices;
        prices = Prices.known();
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

    /// Constants of the formulas, by the names that the page of a plan reads.
    public static Map<String, Number> constants() {
        return Map.of("hours", HOURS, "quantile", QUANTILE, "load", LOAD, "mostBatch", MOST_BATCH, "mostCopies",
                MOST_COPIES, "usable", Serving.USABLE_MEMORY, "mostSequences", Serving.MOST_SEQUENCES);
    }

    /// Computes a plan.
    ///
    /// @throws IllegalArgumentException if the needs name a device, model or benchmark that is not known
    public Plan plan(Needs needs) {
        Map<String, Integer> ruledOut = new LinkedHashMap<>();
        List<Choice> met = new ArrayList<>();
        Map<List<String>, Choice> cheapest = new LinkedHashMap<>();
        Map<List<String>, Choice> nearest = new LinkedHashMap<>();
        List<Candidate> found = candidates.of(needs);
        List<Device> allowed = devices(needs);
        for (Candidate candidate : found) {
            List<String> ofModel = Candidates.faults(needs, candidate);
            for (Device device : allowed) {
                for (Format format : Format.values()) {
                    for (int count : counts(needs)) {
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
        Map<String, Choice> best = met.stream().collect(Collectors.toMap(Choice::label, c -> c, Planner::cheaper));
        List<Choice> ranked = best.values().stream().sorted(Choice.order(needs.task().benchmark()))
                .toList();
        int fewest = met.isEmpty() ? nearest.keySet().stream().mapToInt(List::size).min().orElse(0) : 1;
        Map<String, Choice> missing = new LinkedHashMap<>();
        (met.isEmpty() ? nearest : cheapest).forEach((faults, choice) -> {
            if (faults.size() == fewest) {
                missing.put(String.join(AND, faults), choice);
            }
        });
        List<Services.Offer> services = Services.of(needs, this, found, ranked, ruledOut);
        return new Plan(ranked, ruledOut, missing, met.isEmpty() && missing.isEmpty()
                ? largest(needs, found) : "", services);
    }

    private String largest(Needs needs, List<Candidate> candidates) {
        double least = candidates.stream().mapToDouble(c -> c.shape().parameters() * Format.Q4.bits() / 8
                + CACHES.getLast() * c.shape().cached(needs.length(c.output()))).min().orElse(0);
        double most = Serving.USABLE_MEMORY * counts(needs).getLast() * devices(needs).stream()
                .mapToDouble(d -> d.memory().orElse(0)).max().orElse(0);
        int longest = candidates.stream().mapToInt(c -> c.spec().contextLength()).max().orElse(0);
        return String.format(Locale.ROOT, "The smallest model needs %.1f GB with one request, in 4 bits; the largest "
                + "devices that are allowed hold %.1f GB, %d together. The longest context of a model has %,d tokens.",
                least / 1e9, most / 1e9, counts(needs).getLast(), longest);
    }

    /// The choice that misses a need by less.
    private static Choice nearer(String fault, Choice a, Choice b) {
        ToDoubleFunction<Choice> distance = switch (fault) {
            case LATE -> Choice::firstToken;
            case SLOW -> Choice::betweenTokens;
            case Candidates.TOO_SHORT -> c -> -c.context();
            default -> c -> c.scores().entrySet().stream().filter(e -> fault.endsWith(e.getKey() + Candidates.BELOW))
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

    private static Choice cheaper(Choice a, Choice b) {
        int order = Comparator.comparingDouble(Choice::cost).thenComparing(Choice::allDevices)
                .thenComparing(c -> -c.weights().bits()).thenComparing(c -> -c.cacheBytes())
                .thenComparing(Choice::label).compare(a, b);
        return order <= 0 ? a : b;
    }

    /// The devices that needs allow.
    ///
    /// @throws IllegalArgumentException if the needs name a device that is not known
    public List<Device> devices(Needs needs) {
        boolean owned = needs.task() == Needs.Task.DEVICE;
        List<Device> named = needs.devices().stream().map(devices::get).toList();
        named.stream().filter(d -> d.memory().isEmpty()).findFirst().ifPresent(d -> Needs.require(false, "the memory "
                + "of " + d.name() + " differs by computer: name it with its own, such as '" + d.name() + " 64GB'"));
        return !named.isEmpty() ? named : devices.all().stream().filter(d -> d.memory().isPresent()
                && (owned ? d.isPersonal() : prices.of(d.name()).isPresent())).toList();
    }

    /// How many devices may share a copy.
    public List<Integer> counts(Needs needs) {
        return needs.task() == Needs.Task.DEVICE ? List.of(1) : COUNTS;
    }

    /// The models that needs allow to consider.
    public Candidates candidates() {
        return candidates;
    }

    private static List<String> faults(Needs needs, Choice choice) {
        List<String> faults = new ArrayList<>();
        if (choice.firstToken() > needs.firstToken()) {
            faults.add(LATE);
        }
        if (choice.betweenTokens() > needs.betweenTokens()) {
            faults.add(SLOW);
        }
        if (needs.task() == Needs.Task.DEVICE && choice.copies() > 1) {
            faults.add("one device does not answer as many requests");
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
        if (rate == 0) {
            return OptionalDouble.empty();
        }
        Candidate candidate = candidates.stream().filter(c -> c.id().equals(own.id()) && c.thinks() == own.thinks())
                .findFirst().orElseThrow();
        return choice(needs.at(rate), candidate, own.device(), own.weights(), own.devices())
                .filter(c -> c.copies() == 1 && c.firstToken() <= needs.firstToken()
                        && c.betweenTokens() <= needs.betweenTokens()).isPresent()
                ? OptionalDouble.of(rate) : OptionalDouble.empty();
    }

    /// A way to run a model on devices.
    ///
    /// @param requests per second that a copy answers
    private record Point(Serving.Load load, int batch, double requests, int copies, double first, double between) {
        boolean isFast(Needs needs) {
            return first <= needs.firstToken() && between <= needs.betweenTokens();
        }
    }

    /// The best batch, number of copies and format of the KV cache of a model on these devices; empty if it does not
    /// fit.
    private Optional<Choice> choice(Needs needs, Candidate candidate, Device device, Format format, int count) {
        Shape shape = candidate.shape();
        Setup setup = new Setup(device, count, Split.TENSOR, "", format.bits(), 0);
        double weights = shape.parameters() * format.bits() / 8;
        Serving.Rates rates = null;
        Point best = null;
        for (int cacheBytes : CACHES) {
            Serving.Load load = new Serving.Load(needs.prompt(), candidate.output(), 0, cacheBytes);
            double fitting = Math.min(MOST_BATCH, Serving.fitting(setup, shape, weights, new Serving.Load(Math.max(
                    needs.prompt(), needs.length(candidate.output()) - candidate.output()), candidate.output(), 0,
                    cacheBytes)));
            for (int batch = 1; batch <= fitting; batch *= 2) {
                rates = rates == null ? Serving.Rates.of(effects, setup, shape) : rates;
                Point next = point(needs, candidate, rates, weights, load, batch);
                boolean isFast = next.isFast(needs);
                boolean bestIsFast = best != null && best.isFast(needs);
                if (best == null || isFast && !bestIsFast || isFast == bestIsFast && next.copies() < best.copies()) {
                    best = next;
                }
            }
        }
        return Optional.ofNullable(best).map(point -> choice(needs, candidate, setup, format, weights, point));
    }

    private static Point point(Needs needs, Candidate candidate, Serving.Rates rates, double weights,
            Serving.Load load, int batch) {
        Shape shape = candidate.shape();
        double output = candidate.output();
        double step = output == 0 ? 0 : rates.step(shape, weights, load, batch);
        double prompt = rates.prompt(shape, needs.prompt());
        // Each answer of the batch needs a prompt computed, which delays the tokens of all.
        double answer = output * step + batch * prompt;
        double requests = batch / answer;
        int copies = (int) Math.min(MOST_COPIES, Math.max(1, Math.ceil(needs.rate() / (requests * LOAD))));
        double busy = Math.min(LOAD, needs.rate() / copies * prompt);
        double first = rates.prompt(shape, needs.traffic().longest())
                + prompt * QUANTILE * busy / (1 - busy) * needs.traffic().spread() + step;
        return new Point(load, batch, requests, copies, first, output == 0 ? 0 : answer / output);
    }

    private Choice choice(Needs needs, Candidate candidate, Setup setup, Format format, double weights, Point point) {
        Shape shape = candidate.shape();
        double output = candidate.output();
        Price price = price(needs, setup.device());
        double month = point.copies() * setup.devices() * price.dollars() * HOURS;
        Map<String, Double> memory = new LinkedHashMap<>();
        memory.put("weights", weights);
        memory.put("KV cache", point.batch() * point.load().cacheBytes() * shape.cached(needs.prompt() + output));
        double tokens = needs.rate() * (needs.prompt() + output) * HOURS * 3600;
        double rate = point.requests() * (output == 0 ? needs.prompt() : output);
        return new Choice(candidate.id(), candidate.model().name(), candidate.thinks(), shape, format,
                point.load().cacheBytes(), setup.device(), setup.devices(), point.copies(), point.batch(), memory,
                point.copies() * rate, point.first(), point.between(), point.first() + point.between() * output,
                price, month, month / tokens * 1e6, setup.device().watts() * setup.devices() / rate,
                bound(setup, shape, weights, point.load(), point.batch()), candidate.context(), candidate.scores(),
                Licences.of(candidate.id()));
    }

    /// The price of an hour of a device: the given one, or else a published one, or else 0.
    public Price price(Needs needs, Device device) {
        if (needs.task() == Needs.Task.DEVICE) {
            return new Price(0, "", "owned");
        }
        return needs.priceOfHour().isPresent() ? new Price(needs.priceOfHour().getAsDouble(), "", "given")
                : prices.of(device.name()).orElse(new Price(0, "", "no published price"));
    }

    /// The largest part of a step, by plain arithmetic.
    private static String bound(Setup setup, Shape shape, double weights, Serving.Load load, int batch) {
        if (load.output() == 0) {
            return "arithmetic";
        }
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
