package glia.serve.http;

import glia.engine.call.CallException;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.schedule.QueueFullException;
import glia.engine.state.ContextFullException;
import glia.engine.state.StateMemoryException;
import glia.io.CheckpointException;
import glia.serve.request.ErrorText;
import glia.serve.request.ServeException;
import glia.text.template.TemplateException;
import java.util.concurrent.CancellationException;

/// Turns exceptions into errors with a status.
final class HttpErrors {
    private HttpErrors() { }

    /// The error of an exception. Messages of unexpected exceptions stay in the log.
    static ServeException of(Throwable e, String requestId) {
        return switch (e) {
            case ServeException known -> known;
            case QueueFullException full -> new ServeException(429, "rate_limit_error", "", full.getMessage());
            case ContextFullException full -> new ServeException(400, "context_length_exceeded", "", full.getMessage());
            case TemplateException refused -> new ServeException(400, "invalid_request_error", "messages",
                    "the model's chat template refuses the conversation: " + ErrorText.of(refused));
            case GrammarException full when full.kind() == GrammarException.Kind.MEMORY ->
                    new ServeException(503, "overloaded_error", "", full.getMessage());
            case StateMemoryException memory -> new ServeException(503, "overloaded_error", "", memory.getMessage());
            case CheckpointException files -> new ServeException(500, "server_error", "model", ErrorText.of(files));
            case CallException bad -> new ServeException(400, "invalid_request_error", bad.field(), bad.getMessage());
            case CancellationException _ -> ServeException.stopping();
            case IllegalArgumentException bad -> ServeException.badRequest(String.valueOf(bad.getMessage()));
            case OutOfMemoryError _ -> new ServeException(503, "overloaded_error", "", "the request needs more memory "
                    + "than is free; make it smaller, or try again later");
            default -> new ServeException(500, "server_error", "",
                    "internal error; the server's log has the cause under the request " + requestId);
        };
    }
}
