package glia.jmh;

import glia.tensor.kernel.Kernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;

/// Kernels that note how long each of their methods took.
final class TimedKernels {
    private final Map<String, Long> nanos = new TreeMap<>();
    private final Kernels kernels;

    /// @param timed what does the work
    TimedKernels(Kernels timed) {
        kernels = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (_, method, arguments) -> {
                    long start = System.nanoTime();
                    try {
                        return method.invoke(timed, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        nanos.merge(method.getName(), System.nanoTime() - start, Long::sum);
                    }
                });
    }

    /// The kernels to compute with.
    Kernels kernels() {
        return kernels;
    }

    /// Nanoseconds by method since the last call of `reset`.
    Map<String, Long> nanos() {
        return nanos;
    }

    void reset() {
        nanos.clear();
    }
}
