package glia.plan.machine;

import glia.engine.load.MachineMemory;
import glia.io.CheckpointException;
import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.model.cost.LayerKind;
import glia.model.family.Families;
import glia.model.fresh.NewModels;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import glia.plan.machine.ModelSample.Speeds;
import glia.plan.machine.ModelWork.Sizes;
import glia.plan.predict.Shape;
import glia.tensor.DType;
import glia.tensor.kernel.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The measured speed of this machine.
///
/// @param cores that compute
/// @param memory bytes
/// @param formats by size of a weight, the largest first
public record Machine(int cores, long memory, List<FormatRate> formats) {
    /// Tokens per second of one sequence below which a smaller format is chosen: people read about so fast.
    public static final double USEFUL = 5;
    /// The part of the memory that weights and cache may take.
    private static final double USABLE = 0.8;
    /// Cached positions of the conversation that must fit.
    private static final int CONTEXT = 4096;
    private static final int CACHE_BYTES = 4;
    private static final double SECONDS = 3.2;
    private static final List<DType> TYPES = List.of(DType.BF16, DType.Q8_0, DType.Q4_K, DType.Q4_0);
    /// The shape of a model of 1.1 billion parameters.
    private static final Map<String, Object> LLAMA = Map.of("hidden", 2048, "layers", 22, "heads", 32, "kv-heads", 4,
            "mlp", 5632, "vocab", 32_000, "context", 2048);

    public Machine {
        formats = List.copyOf(formats);
    }

    /// The rates of a format of weights.
    ///
    /// @param type of the weights
    /// @param read bytes of weights per second, one sequence
    /// @param batched FLOP/s with a batch of 16 sequences
    /// @param prompt FLOP/s of a prompt of 512 tokens
    public record FormatRate(DType type, double read, double batched, double prompt) { }

    /// A model of the catalogue on this machine.
    ///
    /// @param parameters all parameters
    /// @param type the format that is chosen
    /// @param memory bytes of weights, and of a KV cache of 4,096 tokens
    /// @param prompt tokens of a prompt per second
    /// @param single tokens per second of one sequence
    /// @param batched tokens per second of 16 sequences together
    public record Fitting(Disclosed model, double parameters, DType type, double memory, double prompt, double single,
            double batched) { }

    /// Measures this machine: layers of a Llama of 1.1 billion parameters in four formats.
    public static Machine measure() {
        List<FormatRate> rates = new ArrayList<>();
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors())) {
            ModelSpec spec = llama();
            int tokens = ModelSample.PROMPT_TOKENS;
            for (DType type : TYPES) {
                Speeds speeds = ModelSample.of(spec, type, workers, SECONDS);
                rates.add(new FormatRate(type, speeds.single().median() * ModelWork.read(spec, 1,
                        ModelSample.sizes(type)), speeds.batched().median() * ModelWork.step(spec, tokens / 2),
                        speeds.prompt().median() * ModelWork.prompt(spec, tokens)));
            }
        }
        return new Machine(Runtime.getRuntime().availableProcessors(), MachineMemory.totalBytes(), rates);
    }

    private static ModelSpec llama() {
        try {
            return Families.spec(NewModels.config("llama", LLAMA));
        } catch (CheckpointException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Bytes per second at which weights are read: that of the best format.
    public double read() {
        return formats.stream().mapToDouble(FormatRate::read).max().orElse(0);
    }

    /// The models of the catalogue that fit, each in the format of [#fitting(Disclosed)]: those that reach
    /// [#USEFUL] tokens per second, the model with most parameters first, then the others, the fastest first.
    public List<Fitting> fitting(Catalogue catalogue) {
        return catalogue.entries().stream().filter(Disclosed.class::isInstance).map(Disclosed.class::cast)
                .flatMap(model -> fitting(model).stream())
                .sorted(Comparator.comparingDouble(f -> f.single() >= USEFUL ? -f.parameters()
                        : 1 / f.single())).toList();
    }

    /// A model in the largest format that fits and generates at least [#USEFUL] tokens per second, or else in Q4_K, or
    /// else in the smallest that fits; empty if none does, or it does not generate text.
    public Optional<Fitting> fitting(Disclosed model) {
        ModelSpec spec = model.validSpec();
        if (spec.encoder().isPresent() || spec.looksAhead()) {
            return Optional.empty();
        }
        Work work = Work.of(spec);
        List<Fitting> fitting = formats.stream().filter(rate -> work.memory(rate.type()) <= USABLE * memory)
                .map(rate -> predict(model, work, rate)).toList();
        return fitting.stream().filter(f -> f.single() >= USEFUL).findFirst()
                .or(() -> fitting.stream().filter(f -> f.type() == DType.Q4_K).findFirst())
                .or(() -> fitting.isEmpty() ? Optional.empty() : Optional.of(fitting.getLast()));
    }

    /// Bytes of the weights, and of the KV cache of 4,096 tokens.
    public static double memory(ModelSpec spec, DType type) {
        return Work.of(spec).memory(type);
    }

    /// What a model costs whatever its format: numbers of weights, and FLOPs.
    ///
    /// @param cache bytes of the KV cache
    /// @param one weights that a step of one sequence reads
    /// @param many weights that a step of [ModelSample#STREAMS] sequences reads
    private record Work(double parameters, double weights, double cache, double one, double many, double step,
            double prompt) {
        static Work of(ModelSpec spec) {
            Sizes numbers = (p, shape) -> Parameters.size(shape);
            Shape shape = Shape.of(spec);
            int tokens = ModelSample.PROMPT_TOKENS;
            long cache = LayerKind.of(spec).stream().mapToLong(kind -> kind.numbers(CONTEXT, 1)).sum();
            return new Work(shape.parameters(), ModelWork.all(spec, numbers), CACHE_BYTES * cache,
                    ModelWork.read(spec, shape, 1, numbers), ModelWork.read(spec, shape, ModelSample.STREAMS, numbers),
                    ModelWork.step(spec, tokens / 2), ModelWork.prompt(spec, tokens));
        }

        static double bytes(DType type) {
            return (double) type.blockBytes() / type.blockElements();
        }

        double memory(DType type) {
            return weights * bytes(type) + cache;
        }
    }

    private Fitting predict(Disclosed model, Work work, FormatRate rate) {
        int streams = ModelSample.STREAMS;
        double read = rate.read() / Work.bytes(rate.type());
        double single = read / work.one();
        // A batch computes more than it reads, unless each of its tokens chooses other experts.
        double batched = streams / Math.max(streams * work.step() / rate.batched(), work.many() / read);
        return new Fitting(model, work.parameters(), rate.type(), work.memory(rate.type()),
                rate.prompt() / work.prompt(), single, Math.max(single, batched));
    }
}
