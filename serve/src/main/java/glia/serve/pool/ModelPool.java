package glia.serve.pool;

import glia.serve.request.ServeException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/// The models of a server by name.
public final class ModelPool implements AutoCloseable {
    private final Map<String, ServedModel> models = new ConcurrentSkipListMap<>();
    private volatile String first = "";

    /// A pool without models.
    public ModelPool() { }

    /// A model in use: it is not closed before the lease is.
    ///
    /// @param served the model
    public record Lease(ServedModel served) implements AutoCloseable {
        /// Returns the model.
        @Override
        public void close() { }
    }

    /// Adds a loaded model, which [#close] closes.
    public void add(ServedModel served) {
        if (first.isEmpty()) {
            first = served.name();
        }
        models.put(served.name(), served);
    }

    /// The model of a name, loaded if it is not.
    ///
    /// @param name as in the request; empty for the server's first model
    /// @throws ServeException if there is none of this name: status 404
    public Lease lease(String name) {
        ServedModel served = models.get(name.isEmpty() ? first : name);
        if (served == null) {
            throw new ServeException(404, "not_found_error", "model", "the model '" + name + "' is not served here; "
                    + "found " + String.join(", ", models.keySet()) + "; /v1/models lists them");
        }
        return new Lease(served);
    }

    /// All models, by name.
    public List<ServedModel> all() {
        return List.copyOf(models.values());
    }

    @Override
    public void close() {
        models.values().forEach(served -> served.model().close());
        models.clear();
    }
}
