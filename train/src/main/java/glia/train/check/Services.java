package glia.train.check;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/// What this module has, and what modules above it add.
final class Services {
    private Services() { }

    /// The given services, then those of providers on the class path and the module path. Modules declare providers in
    /// both `module-info.java` and `META-INF/services`.
    static <T> List<T> with(Class<T> service, List<? extends T> own) {
        List<T> all = new ArrayList<>(own);
        ServiceLoader.load(service, service.getClassLoader()).forEach(all::add);
        return List.copyOf(all);
    }
}
