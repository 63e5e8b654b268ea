package glia.plan.choose;

import glia.model.cost.LayerKind;
import glia.model.spec.CacheKind;
import glia.plan.data.Device;
import glia.plan.data.Prices;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/// The choices that an architecture is about, computed: what it costs to train and to serve, what it is best for, and
/// how kinds of models compare at equal quality and at equal cost.
public final class Decisions {
    /// The scores at which kinds are compared.
    public static final List<Integer> FLOORS = List.of(20, 30, 40, 50, 60, 70, 80);
    /// USD a month at which answers with and without thinking are compared.
    public static final List<Integer> BUDGETS = List.of(1000, 3000, 10_000, 30_000, 100_000);
    private static final int PROMPT = 1000;
    private static final int OUTPUT = 300;
    private static final int MOST_BATCH = 256;
    private static final int FEW = 3;
    /// FLOPs that training reaches, as a part of the rate of the sheet: the median of published runs.
    private static final double TRAINING_PART = 0.4;
    private static final double TRILLION = 1e12;
    private static final int CACHE_BYTES = 2;

    private Decisions() { }

    /// Kinds of models.
    public enum Kind {
        /// Attention in each layer, all weights used.
        DENSE("dense Transformer"),
        /// Routed experts.
        EXPERTS("mixture of experts"),
        /// Layers with a state in place of a KV cache, alone or beside attention.
        RECURRENT("recurrent or hybrid");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /// The name as readers know it.
        public String text() {
            return text;
        }
    }

    /// What an architecture costs, in 16 bits.
    ///
    /// @param row its caches and operations by context
    /// @param context tokens that the model was trained for
    /// @param devices that hold the weights and 32k tokens
    /// @param firstToken seconds of a prompt of 1,000 tokens, alone
    /// @param token seconds of a token, alone
    /// @param millionTokens USD for a million tokens of answers under full load; empty without a price
    /// @param memory bytes of the weights and a cache of 32k tokens
    /// @param training USD of the devices for training on 10¹² tokens, `6 · active · tokens / (0.4 · rate)`
    /// @param uses what it is among the three best for
    public record Architecture(Matrix.Row row, int context, int devices, double firstToken, double token,
            OptionalDouble millionTokens, double memory, OptionalDouble training, List<String> uses) {
        public Architecture {
            uses = List.copyOf(uses);
        }
    }

    /// The kind of a model.
    public static Kind kind(Candidates.Candidate candidate) {
        return LayerKind.of(candidate.spec()).stream().flatMap(kind -> kind.caches().stream())
                .anyMatch(cache -> cache instanceof CacheKind.Recurrence) ? Kind.RECURRENT
                : candidate.shape().isSparse() ? Kind.EXPERTS : Kind.DENSE;
    }

    /// The architectures of a matrix.
    public static List<Architecture> of(List<Matrix.Row> rows, Device device, Effects effects) {
        OptionalDouble dollars = Prices.known().of(device.name()).map(p -> OptionalDouble.of(p.dollars()))
                .orElse(OptionalDouble.empty());
        List<Architecture> plain = rows.stream().map(row -> of(row, device, dollars, effects)).toList();
        Map<String, ToDoubleFunction<Architecture>> uses = new LinkedHashMap<>();
        uses.put("fast answers", Architecture::token);
        uses.put("many answers", a -> a.millionTokens().orElse(0));
        uses.put("long texts", a -> a.row().cells().getLast().cache());
        uses.put("little memory", Architecture::memory);
        return plain.stream().map(a -> new Architecture(a.row(), a.context(), a.devices(), a.firstToken(), a.token(),
                a.millionTokens(), a.memory(), a.training(), uses.entrySet().stream().filter(use -> plain.stream()
                        .filter(b -> use.getValue().applyAsDouble(b) < use.getValue().applyAsDouble(a)).count() < FEW)
                        .map(Map.Entry::getKey).toList())).toList();
    }

    private static Architecture of(Matrix.Row row, Device device, OptionalDouble dollars, Effects effects) {
        Shape shape = Shape.of(row.spec());
        Matrix.Cell cell = row.cells().get(1);
        double weights = 2 * shape.parameters();
        Setup setup = new Setup(device, cell.devices(), Setup.Split.TENSOR, "", 16, 0);
        Serving.Rates rates = Serving.Rates.of(effects, setup, shape);
        Serving.Load load = new Serving.Load(PROMPT, OUTPUT, 0, CACHE_BYTES);
        double batch = Math.clamp(Math.floor(Serving.fitting(setup, shape, weights, load)), 1, MOST_BATCH);
        double answers = OUTPUT * rates.step(shape, weights, load, batch) + batch * rates.prompt(shape, PROMPT);
        double hour = cell.devices() * dollars.orElse(0) / 3600;
        return new Architecture(row, row.spec().contextLength(), cell.devices(), rates.prompt(shape, PROMPT),
                rates.step(shape, weights, load, 1), dollars.isEmpty() ? dollars
                        : OptionalDouble.of(hour * answers / (batch * OUTPUT) * 1e6), weights + cell.cache(),
                dollars.isEmpty() ? dollars : OptionalDouble.of(6 * shape.active() * TRILLION
                        / (TRAINING_PART * device.bf16()) * dollars.getAsDouble() / 3600), List.of());
    }

    /// The cheapest choice of each kind with at least a score.
    ///
    /// @param floor the score
    public record Equal(int floor, Map<Kind, Choice> cheapest) {
        public Equal {
            cheapest = Map.copyOf(cheapest);
        }
    }

    /// Kinds of models at equal quality, one row for each score that some model reaches.
    public static List<Equal> atEqualQuality(Planner planner, Needs needs) {
        Map<String, Kind> kinds = new LinkedHashMap<>();
        planner.candidates().of(needs).forEach(c -> kinds.put(c.id(), kind(c)));
        List<Choice> choices = planner.plan(needs).choices();
        List<Equal> rows = new ArrayList<>();
        for (int floor : FLOORS) {
            Map<Kind, Choice> cheapest = new LinkedHashMap<>();
            choices.stream().filter(c -> c.points(needs.task().benchmark()) >= floor)
                    .forEach(c -> cheapest.putIfAbsent(kinds.get(c.id()), c));
            if (!cheapest.isEmpty()) {
                rows.add(new Equal(floor, cheapest));
            }
        }
        return rows;
    }

    /// The best choices for a budget.
    ///
    /// @param budget USD a month
    /// @param direct the best that answers at once
    /// @param thinking the best that thinks before
    public record Thought(int budget, Optional<Choice> direct, Optional<Choice> thinking) { }

    /// Answers with and without thinking at equal cost.
    public static List<Thought> atEqualCost(Planner planner, Needs needs) {
        List<Choice> choices = planner.plan(needs).choices();
        return BUDGETS.stream().map(budget -> new Thought(budget, best(choices, needs, budget, false),
                best(choices, needs, budget, true))).toList();
    }

    private static Optional<Choice> best(List<Choice> choices, Needs needs, double budget, boolean thinks) {
        String benchmark = needs.task().benchmark();
        return choices.stream().filter(c -> c.thinks() == thinks && c.month() <= budget
                && c.scores().containsKey(benchmark))
                .reduce((a, b) -> b.points(benchmark) > a.points(benchmark) ? b : a);
    }
}
