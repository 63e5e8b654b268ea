package glia.plan.choose;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.model.cost.LayerKind;
import glia.model.cost.ParameterCount;
import glia.model.cost.TokenCost;
import glia.model.spec.ModelSpec;
import glia.plan.data.Device;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Architectures side by side, from short to long contexts: each by a published model that has it, computed from its
/// spec also beyond the context that it was trained for.
public final class Matrix {
    /// The lengths that are compared, in tokens.
    public static final List<Integer> LENGTHS = List.of(4096, 32_768, 131_072, 1_048_576, 10_485_760);
    /// Models of the catalogue that stand for an architecture.
    public static final List<String> MODELS = List.of("llama-2-7b", "llama-3.1-8b", "mistral-7b-v0.1", "gemma-3-12b",
            "gpt-oss-20b", "deepseek-v3", "deepseek-v3.2", "minimax-text-01", "qwen3-next-80b-a3b",
            "nemotron-nano-9b-v2", "falcon-h1-34b", "mamba2-2.7b");
    private static final int CACHE_BYTES = 2;
    private static final double USABLE = 0.9;
    private static final int MOST_DEVICES = 64;

    private Matrix() { }

    /// A model.
    ///
    /// @param mixing its attention and recurrences
    /// @param cells one for each length
    public record Row(String id, ModelSpec spec, String mixing, long parameters, long active, List<Cell> cells) {
        public Row {
            cells = List.copyOf(cells);
        }
    }

    /// A model at a length, one sequence, weights and cache in 16 bits.
    ///
    /// @param length tokens
    /// @param cache bytes of keys, values and states
    /// @param operations FLOPs of the token at this position
    /// @param devices that hold weights and cache
    /// @param seconds of that token on them; empty if more than 64 devices are needed
    public record Cell(int length, long cache, long operations, int devices, Optional<Double> seconds) { }

    /// Computes the rows of some models.
    ///
    /// @param ids of the catalogue
    /// @param device that tokens are computed on
    /// @throws IllegalArgumentException if the catalogue has no such model
    public static List<Row> of(List<String> ids, Device device, Effects effects) {
        Catalogue catalogue = Catalogue.load();
        List<Row> rows = new ArrayList<>();
        for (String id : ids) {
            catalogue.find(id).stream().filter(Disclosed.class::isInstance).map(Disclosed.class::cast)
                    .forEach(entry -> rows.add(row(entry, device, effects)));
        }
        return rows;
    }

    private static Row row(Disclosed entry, Device device, Effects effects) {
        ModelSpec spec = entry.validSpec();
        List<LayerKind> kinds = LayerKind.of(spec);
        ParameterCount count = ParameterCount.of(spec);
        Shape shape = Shape.of(spec);
        List<Cell> cells = LENGTHS.stream().map(length -> cell(spec, kinds, shape, length, device, effects)).toList();
        return new Row(entry.id(), spec, LayerKind.mixing(kinds), count.total(), count.active(), cells);
    }

    private static Cell cell(ModelSpec spec, List<LayerKind> kinds, Shape plain, int length, Device device,
            Effects effects) {
        long cache = CACHE_BYTES * kinds.stream().mapToLong(kind -> kind.numbers(length, 1)).sum();
        Shape at = new Shape(plain.parameters(), plain.active(), plain.width(), (double) cache / CACHE_BYTES / length,
                plain.layers(), plain.hidden(), plain.experts(), plain.chosenPart());
        double weights = 2 * plain.parameters();
        int devices = 1;
        while (devices <= MOST_DEVICES && (weights + cache) > USABLE * devices * device.memory().orElse(0)) {
            devices *= 2;
        }
        Setup setup = new Setup(device, devices, Setup.Split.TENSOR, "", 16, 0);
        Optional<Double> seconds = devices > MOST_DEVICES ? Optional.empty() : Optional.of(Serving.step(effects, setup,
                at, weights, new Serving.Load(length, 0, 1, CACHE_BYTES), 1));
        return new Cell(length, cache, TokenCost.operations(spec, length - 1), devices, seconds);
    }
}
