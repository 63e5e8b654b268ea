package glia.tensor.kernel;

import java.lang.reflect.Proxy;
import java.util.Map;

/// A kernel backend that computes nothing, for counting the memory of a computation. Numbers that its methods return
/// are 0.
public final class NoKernels {
    private static final Map<Class<?>, Object> ZEROS = Map.of(boolean.class, false, int.class, 0, float.class, 0f,
            double.class, 0.0, long.class, 0L);

    private NoKernels() { }

    /// Creates the backend.
    ///
    /// @param workers of the operations that are not kernels
    public static Kernels on(Workers workers) {
        GradientKernels gradients = create(GradientKernels.class, Map.of());
        return create(Kernels.class, Map.of("workers", workers, "gradients", gradients, "name", "none"));
    }

    private static <T> T create(Class<T> type, Map<String, Object> results) {
        Class<?>[] types = {type};
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), types, (self, method, arguments) -> {
            if (results.containsKey(method.getName())) {
                return results.get(method.getName());
            }
            Class<?> result = method.getReturnType();
            return result == type ? self : ZEROS.get(result);
        }));
    }
}
