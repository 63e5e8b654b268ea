package glia.engine;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.family.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/// A model of random weights for a config, written to a temporary folder in the hub's layout and loaded from there.
public final class TinyModel implements AutoCloseable {
    private final Path folder;
    private final Model model;

    /// @param json the text of config.json
    public TinyModel(String json, long seed) {
        try {
            folder = Files.createTempDirectory("tiny-model");
            write(folder, json, seed);
            model = ModelLoader.load(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Model model() {
        return model;
    }

    /// Writes `config.json` and weights that fit it.
    public static void write(Path folder, String json, long seed) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        Config config = Config.parse(folder.resolve("config.json"), json);
        Family family = Families.ofModelType(config.text("model_type")).orElseThrow();
        ModelSpec spec = family.spec(config);
        Map<String, long[]> shapes = new LinkedHashMap<>();
        for (Map.Entry<Parameter, long[]> entry : Parameters.of(spec).entrySet()) {
            Source source = family.source(spec, entry.getKey());
            shapes.put(source.stored().names().getFirst(), source.storedShape(entry.getValue()));
        }
        // Norm weights of Gemma are stored as their distance from 1.
        double centre = config.text("model_type").startsWith("gemma") ? 0 : 1;
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            shapes.forEach((name, shape) -> tensors.put(name, random(arena, shape, centre, random)));
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        }
    }

    /// Matrices that shrink a little what they multiply, so that rounding is not blown up; vectors near `centre`.
    private static Tensor random(Arena arena, long[] shape, double centre, Random random) {
        Tensor t = Tensor.allocate(arena, DType.F32, shape);
        for (long i = 0; i < t.size(); i++) {
            double z = random.nextGaussian();
            t.set(i, (float) (shape.length == 1 ? centre + 0.2 * z : 0.7 * z / Math.sqrt(shape[1])));
        }
        return t;
    }

    @Override
    public void close() {
        model.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
