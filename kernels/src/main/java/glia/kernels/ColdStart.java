package glia.kernels;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Kernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;

/// A backend that starts on one that is fast at once and continues on one that is faster once compiled.
///
/// C2 needs seconds of CPU time to compile the Vector API's loops, which until then are slower than scalar ones: a
/// prompt of 37 tokens took 1.0 s to the first token with scalar kernels and 1.7 s with vector kernels. So the first
/// matrix multiplications, about those of a short prompt, are scalar.
final class ColdStart {
    /// Multiplications done by the first backend: a prompt of 50 tokens through 100 million parameters.
    private static final long BUDGET = 5_000_000_000L;
    /// What the second backend does from the start. In the batch-invariant form, switching backends would change bits.
    private static final Set<String> OF_SECOND = Set.of("name", "workers", "gradients", "batchInvariant");
    /// Gradients and BF16, that is, training.
    private static final String TRAINING = "linearB";

    private final Kernels first;
    private final Kernels second;
    private long left = BUDGET;

    private ColdStart(Kernels first, Kernels second) {
        this.first = first;
        this.second = second;
    }

    static Kernels of(Kernels first, Kernels second) {
        ColdStart start = new ColdStart(first, second);
        return (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (_, method, arguments) -> {
                    try {
                        return method.invoke(start.next(method.getName(), arguments), arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private Kernels next(String method, Object[] arguments) {
        if (left <= 0 || OF_SECOND.contains(method) || method.startsWith(TRAINING)) {
            return second;
        }
        if (method.startsWith("linearGrouped")) {
            GroupedGemm list = (GroupedGemm) arguments[0];
            for (int i = 0; i < list.size(); i++) {
                count(list.get(i).numRows(), list.get(i).w());
            }
        } else if (method.startsWith("linear")) {
            count(((Tensor) arguments[1]).rows(), (Matrix) arguments[2]);
        }
        return first;
    }

    private void count(long tokens, Matrix w) {
        left -= tokens * w.rows() * w.cols();
    }
}
