package glia.serve.ollama;

import glia.engine.LanguageModel;
import glia.serve.pool.KeepAlive;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;

/// The model of a request.
///
/// @param name its name in the request
/// @param times when the request began, and when the model was there
/// @param isUnloaded whether `keep_alive` unloads the model after the request
record OllamaModel(String name, ModelPool.Lease lease, OllamaAnswer.RequestTimes times, boolean isUnloaded)
        implements AutoCloseable {
    private static final String TAG = ":latest";

    /// Leases the model of a request and sets how long it is kept.
    static OllamaModel lease(ModelPool models, Fields body) {
        OllamaAnswer.RequestTimes times = new OllamaAnswer.RequestTimes();
        String name = name(body);
        Object keep = body.value("keep_alive");
        KeepAlive keepAlive = keep == null ? null : KeepAlive.of(keep);
        ModelPool.Lease lease = models.lease(withoutTag(name));
        times.loaded();
        if (keepAlive != null) {
            lease.keepAlive(keepAlive);
        }
        return new OllamaModel(name, lease, times, keepAlive != null && keepAlive.duration().isZero());
    }

    /// The field `model`, formerly `name`.
    static String name(Fields body) {
        String former = body.text("name").orElse("");
        String name = body.text("model").orElse(former);
        if (name.isEmpty()) {
            throw ServeException.badField("model", "missing; expected a model's name");
        }
        return name;
    }

    /// Ollama's clients add `:latest` to names without a tag.
    static String withoutTag(String name) {
        return name.endsWith(TAG) ? name.substring(0, name.length() - TAG.length()) : name;
    }

    LanguageModel model() {
        return lease.served().model();
    }

    @Override
    public void close() {
        lease.close();
    }
}
