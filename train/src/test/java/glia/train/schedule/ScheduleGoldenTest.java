package glia.train.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A hundred steps of every schedule against those of Transformers.
class ScheduleGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/golden-training/optim");

    private static Schedule schedule(JsonNode p) {
        double peak = p.get("lr").asDouble();
        long warmup = p.get("num_warmup_steps").asLong();
        long total = p.path("num_training_steps").asLong(0);
        double cycles = p.path("num_cycles").asDouble(0.5);
        double minimum = p.has("min_lr") ? p.get("min_lr").asDouble() / peak : p.path("min_lr_rate").asDouble(0);
        long decay = p.path("num_decay_steps").asLong(0);
        return switch (p.get("scheduler").asString()) {
            case "constant", "constant_with_warmup" -> new ConstantSchedule(warmup);
            case "linear" -> new LinearSchedule(warmup, total);
            case "cosine", "cosine_with_min_lr" -> new CosineSchedule(warmup, total, minimum, cycles);
            case "cosine_with_restarts" -> new CosineRestarts(warmup, total, cycles);
            case "cosine_warmup_with_min_lr" -> new CosineFromFirstStep(warmup, total, minimum,
                    p.has("warmup_lr_rate") ? OptionalDouble.of(p.get("warmup_lr_rate").asDouble())
                            : OptionalDouble.empty());
            case "polynomial" -> new PolynomialSchedule(warmup, total, p.path("lr_end").asDouble(1e-7) / peak,
                    p.path("power").asDouble(1));
            case "inverse_sqrt" -> p.has("timescale") ? new InverseSqrtSchedule(warmup, p.get("timescale").asLong())
                    : new InverseSqrtSchedule(warmup);
            case "warmup_stable_decay" -> new WarmupStableDecay(warmup,
                    p.path("num_stable_steps").asLong(total - warmup - decay), decay,
                    p.path("min_lr_ratio").asDouble(0), shape(p.path("warmup_type").asString("linear")),
                    shape(p.path("decay_type").asString("cosine")));
            default -> throw new IllegalArgumentException(p.toString());
        };
    }

    private static WarmupStableDecay.Shape shape(String name) {
        return switch (name) {
            case "linear" -> WarmupStableDecay.Shape.LINEAR;
            case "cosine" -> WarmupStableDecay.Shape.COSINE;
            case "1-sqrt" -> WarmupStableDecay.Shape.ONE_MINUS_SQRT;
            default -> throw new IllegalArgumentException(name);
        };
    }

    @Test
    void ratesAreTheReferences() throws Exception {
        int compared = 0;
        try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(FOLDER.resolve("cases.safetensors"))) {
            for (JsonNode c : JsonTree.parse(Files.readString(FOLDER.resolve("cases.json"))).get("cases")) {
                if (!c.path("kind").asString("").equals("schedule")) {
                    continue;
                }
                JsonNode params = c.get("params");
                Schedule schedule = schedule(params);
                Tensor rates = tensors.tensor("case." + c.get("id").asString() + ".lr");
                for (int i = 0; i < rates.size(); i++) {
                    double expected = rates.dtype() == DType.F64
                            ? Memory.ALL.get(Memory.F64, rates.address() + 8L * i) : rates.get(i);
                    assertEquals(expected, params.get("lr").asDouble() * schedule.factor(i), 1e-10,
                            c.get("id").asString() + " step " + i);
                }
                compared++;
            }
        }
        assertEquals(23, compared);
    }

    @Test
    void theLastFactorHoldsAfterTheEnd() {
        for (Schedule s : List.of(new CosineSchedule(2, 10, 0.1), new LinearSchedule(2, 10),
                new CosineRestarts(2, 10, 3), new PolynomialSchedule(2, 10, 0.1, 2))) {
            assertEquals(s.factor(10), s.factor(11), s.name());
            assertEquals(s.factor(10), s.factor(1_000_000), s.name());
        }
    }

    @Test
    void factorsAreFiniteForAnyNumbers() {
        for (long warmup : new long[] {0, 1, 10}) {
            for (long step : new long[] {0, 1, 9, 10, 11, Long.MAX_VALUE / 2}) {
                for (Schedule s : List.of(new CosineSchedule(warmup, 10, 0), new LinearSchedule(warmup, 10),
                        new ConstantSchedule(warmup), new InverseSqrtSchedule(warmup),
                        new CosineFromFirstStep(warmup, 10, 0, OptionalDouble.of(0)),
                        new WarmupStableDecay(warmup, 0, 0, 0, WarmupStableDecay.Shape.LINEAR))) {
                    assertTrue(s.factor(step) >= 0 && s.factor(step) <= 1 + 1e-9, s + " at " + step);
                }
            }
        }
        assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(11, 10, 0));
        assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(1, 10, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new LinearSchedule(-1, 10));
    }
}
