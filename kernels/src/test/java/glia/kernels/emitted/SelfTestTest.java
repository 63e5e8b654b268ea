package glia.kernels.emitted;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.kernels.code.IsaLevelTest;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SelfTestTest extends IsaLevelTest {
    /// The scalar backend, claiming fast BF16 multiplication, with a wrong last value in the result of one method for
    /// tensors of at least `minRows` rows.
    private static Kernels broken(String name, int minRows, Workers workers, float factor) {
        ScalarKernels scalar = new ScalarKernels(workers);
        return (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (_, method, arguments) -> {
                    Object result = method.invoke(scalar, arguments);
                    if (!method.getName().equals(name)) {
                        return method.getName().equals("multipliesBf16") ? (Object) true : result;
                    }
                    if (result != null) {
                        return result instanceof Float f ? f * factor : (int) result + 1;
                    }
                    Tensor y = (Tensor) arguments[0];
                    if (y.rows() >= minRows) {
                        y.set(y.size() - 1, y.get(y.size() - 1) * factor);
                    }
                    return null;
                });
    }

    @Test
    void findsNothingWrongHere() {
        try (Workers workers = new Workers(1)) {
            assertEquals(Optional.empty(), new EmittedKernels(workers, level).selfTest());
        }
    }

    @Test
    void findsOneWrongNumberInEachGroup() {
        Map<String, String> groups = Map.ofEntries(entry("linearQuantized", "quantized products"),
                entry("linear", "products"), entry("linearBf16", "bf16 products"), entry("attention", "attention"),
                entry("rmsNorm", "norms"), entry("rotate", "rotation"), entry("gated", "pointwise"),
                entry("quantizeActivations", "rounding"), entry("gather", "rows"), entry("argmax", "logits"),
                entry("logSumExp", "logits"));
        try (Workers workers = new Workers(1)) {
            groups.forEach((method, group) -> {
                for (float factor : new float[] {1.1f, Float.NaN}) {
                    assertEquals(Optional.of(group),
                            SelfTest.failure(broken(method, 1, workers, factor), new ScalarKernels(workers)), method);
                }
            });
        }
    }

    @Test
    void findsOneWrongNumberOfAPrompt() {
        try (Workers workers = new Workers(1)) {
            assertEquals(Optional.of("prompt products"),
                    SelfTest.failure(broken("linearQuantized", 2, workers, 1.1f), new ScalarKernels(workers)));
        }
    }
}
