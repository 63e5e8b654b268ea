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
import java.util.Map;
import java.util.Optional;
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
    private static final int[] COUNTS = {1, 2, 4, 8};
    private static final int MOST_COPIES = 4096;
    private static final int MOST_BATCH = 1024;
    private static final double HOURS = 730;
    private static final double QUANTILE = 3;
    private static final double LOAD = 0.8;

    private final Effects effects;
    private final Devices devices;
    private final Prices prices;
    private final Quality quality;
    private final Catalogue catalogue;

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
    /// @param nearest what meets all needs but one, the cheapest of each, by the need that it misses
    public record Plan(List<Choice> choices, Map<String, Integer> ruledOut, Map<String, Choice> nearest) {
        public Plan {
            choices = List.copyOf(choices);
        }
    }

    /// Computes a plan.
    ///
    /// @throws IllegalArgumentException if the needs name a device, model or benchmark that is not known
    public Plan plan(Needs needs) {
        for (String benchmark : needs.benchmarks()) {
            if (quality.benchmarks().stream().noneMatch(benchmark::equalsIgnoreCase)) {
                throw new IllegalArgumentException("no scores of a benchmark '" + benchmark + "' are known; there are "
                        + String.join(", ", quality.benchmarks()));
            }
        }
        List<CatalogueEntry.Disclosed> models = models(needs);
        Map<String, Integer> ruledOut = new LinkedHashMap<>();
        List<Choice> met = new ArrayList<>();
        Map<String, Choice> nearest = new LinkedHashMap<>();
        for (CatalogueEntry.Disclosed model : models) {
            ModelSpec spec = model.validSpec();
            if (spec.encoder().isPresent() || LayerKind.of(spec).stream().anyMatch(Planner::seesBothWays)) {
                // Encoders write no answers.
                continue;
            }
            Shape shape = Shape.of(spec);
            List<String> ofModel = modelFaults(needs, model, spec);
            Map<String, Score> scores = new LinkedHashMap<>();
            needs.benchmarks().forEach(b -> quality.of(model.name(), b).ifPresent(s -> scores.put(b, s)));
            for (Device device : allowed(needs)) {
                for (Format format : Format.values()) {
                    for (int count : COUNTS) {
                        Optional<Choice> choice = choice(needs, model, scores, shape, device, format, count);
                        List<String> faults = new ArrayList<>(ofModel);
                        choice.ifPresentOrElse(c -> faults.addAll(faults(needs, c)),
                                () -> faults.add("the weights and one request do not fit in the memory"));
                        faults.forEach(fault -> ruledOut.merge(fault, 1, Integer::sum));
                        if (choice.isPresent() && faults.isEmpty()) {
                            met.add(choice.get());
                        } else if (choice.isPresent() && faults.size() == 1) {
                            nearest.merge(faults.getFirst(), choice.get(), Planner::cheaper);
                        }
                    }
                }
            }
        }
        Map<String, Choice> best = met.stream().collect(Collectors.toMap(Choice::id, c -> c, Planner::cheaper));
        List<Choice> ranked = best.values().stream().sorted(Comparator.comparingDouble(Choice::month)
                .thenComparing(Choice::id)).toList();
        return new Plan(ranked, ruledOut, nearest);
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

    private List<Device> allowed(Needs needs) {
        return needs.devices().isEmpty() ? devices.all().stream().filter(d -> d.memory().isPresent()
                && prices.of(d.name()).isPresent()).toList() : needs.devices().stream().map(devices::get).toList();
    }

    private List<String> modelFaults(Needs needs, CatalogueEntry.Disclosed model, ModelSpec spec) {
        List<String> faults = new ArrayList<>();
        if (spec.contextLength() < needs.length()) {
            faults.add("the model's context is shorter than needed");
        }
        if (Licences.of(model.id()).allows().compareTo(needs.licence()) < 0) {
            faults.add("the licence does not allow the use");
        }
        needs.floors().forEach((benchmark, floor) -> {
            Optional<Score> score = quality.of(model.name(), benchmark);
            if (score.isEmpty()) {
                faults.add("no published score in " + benchmark);
            } else if (score.get().points() < floor) {
                faults.add("the score in " + benchmark + " is below the floor");
            }
        });
        return faults;
    }

    private static List<String> faults(Needs needs, Choice choice) {
        List<String> faults = new ArrayList<>();
        if (choice.firstToken() > needs.firstToken()) {
            faults.add("the first token comes too late");
        }
        if (choice.betweenTokens() > needs.betweenTokens()) {
            faults.add("tokens come too slowly");
        }
        if (choice.month() > needs.budget()) {
            faults.add("it costs more than the budget");
        }
        return faults;
    }

    /// The best batch and number of copies of a model on these devices; empty if it does not fit.
    private Optional<Choice> choice(Needs needs, CatalogueEntry.Disclosed model, Map<String, Score> scores,
            Shape shape, Device device, Format format, int count) {
        Setup setup = new Setup(device, count, Split.TENSOR, "", format.bits(), 0);
        double weights = shape.parameters() * format.bits() / 8;
        Serving.Load load = new Serving.Load(needs.prompt(), needs.output(), 0, needs.cacheBytes());
        double fitting = Math.min(MOST_BATCH, Serving.fitting(setup, shape, weights, new Serving.Load(
                Math.max(needs.prompt(), needs.length() - needs.output()), needs.output(), 0, needs.cacheBytes())));
        if (fitting < 1) {
            return Optional.empty();
        }
        Choice best = null;
        for (int batch = 1; batch <= fitting; batch *= 2) {
            Choice next = at(needs, model, scores, shape, setup, format, weights, load, batch);
            boolean isFast = next.firstToken() <= needs.firstToken() && next.betweenTokens() <= needs.betweenTokens();
            boolean bestIsFast = best != null && best.firstToken() <= needs.firstToken()
                    && best.betweenTokens() <= needs.betweenTokens();
            if (best == null || isFast && !bestIsFast || isFast == bestIsFast && next.month() < best.month()) {
                best = next;
            }
        }
        return Optional.of(best);
    }

    private Choice at(Needs needs, CatalogueEntry.Disclosed model, Map<String, Score> scores, Shape shape, Setup setup,
            Format format, double weights, Serving.Load load, int batch) {
        double step = Serving.step(effects, setup, shape, weights, load, batch);
        double prompt = Serving.prompt(effects, setup, shape, needs.prompt());
        // Each answer of the batch needs a prompt computed, which delays the tokens of all.
        double answer = needs.output() * step + batch * prompt;
        double requests = batch / answer;
        int copies = (int) Math.min(MOST_COPIES, Math.max(1, Math.ceil(needs.rate() / (requests * LOAD))));
        double busy = Math.min(LOAD, needs.rate() / copies * prompt);
        double first = prompt * (1 + QUANTILE * busy / (1 - busy)) + step;
        double between = answer / needs.output();
        Price price = needs.priceOfHour().isPresent() ? new Price(needs.priceOfHour().getAsDouble(), "", "given")
                : prices.of(setup.device().name()).orElse(new Price(0, "", "no published price"));
        double month = copies * setup.devices() * price.dollars() * HOURS;
        Map<String, Double> memory = new LinkedHashMap<>();
        memory.put("weights", weights);
        memory.put("KV cache", batch * load.cacheBytes() * shape.cacheNumbers() * (needs.prompt() + needs.output()));
        double tokens = needs.rate() * (needs.prompt() + needs.output()) * HOURS * 3600;
        return new Choice(model.id(), model.name(), shape, format, setup.device(), setup.devices(), copies, batch,
                memory, copies * requests * needs.output(), first, between, price, month, month / tokens * 1e6,
                setup.device().watts() * setup.devices() / (requests * needs.output()),
                bound(setup, shape, weights, load, batch), scores, Licences.of(model.id()));
    }

    /// The largest part of a step, by plain arithmetic.
    private static String bound(Setup setup, Shape shape, double weights, Serving.Load load, int batch) {
        double n = setup.devices();
        double reading = weights * shape.active() / shape.parameters() / (n * setup.device().bandwidth());
        double cache = batch * load.cacheBytes() * shape.cacheNumbers() * (load.prompt() + load.output() / 2)
                / (n * setup.device().bandwidth());
        double work = 2 * shape.active() * batch * (1 + load.prompt() / load.output())
                / (n * setup.device().rate((int) Math.ceil(setup.bits())));
        return work > Math.max(reading, cache) ? "arithmetic" : cache > reading ? "reading the KV cache"
                : "reading the weights";
    }
}
