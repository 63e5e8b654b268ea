package glia.serve.http;

import glia.serve.request.ServeException;
import java.util.Map;
import java.util.Set;

/// How an API writes errors as JSON.
public enum ErrorStyle {
    /// `{"error": {"message", "type", "param", "code"}}`
    OPENAI {
        @Override
        public Map<String, Object> body(ServeException e, String requestId) {
            String type = CODES.contains(e.kind()) ? "invalid_request_error" : e.kind();
            return Json.object("error", Json.object("message", e.getMessage(), "type", type,
                    "param", e.field().isEmpty() ? null : e.field(), "code", code(e)));
        }

        private static Object code(ServeException e) {
            return switch (e.status()) {
                case 401 -> "invalid_api_key";
                case 404 -> e.field().equals("model") ? "model_not_found" : null;
                case 429 -> "rate_limit_exceeded";
                default -> CODES.contains(e.kind()) ? e.kind() : null;
            };
        }
    },
    /// As [#OPENAI]; in a stream an event `error`.
    OPENAI_RESPONSES {
        @Override
        public Map<String, Object> body(ServeException e, String requestId) {
            return OPENAI.body(e, requestId);
        }

        @Override
        void stream(EventStream stream, Map<String, Object> error) {
            Map<?, ?> fields = (Map<?, ?>) error.get("error");
            stream.event("error", Json.object("type", "error", "code",
                    fields.get("code") == null ? fields.get("type") : fields.get("code"),
                    "message", fields.get("message"), "param", fields.get("param"),
                    "sequence_number", stream.numEvents()));
        }
    },
    /// `{"type": "error", "error": {"type", "message"}, "request_id"}`
    ANTHROPIC {
        @Override
        public Map<String, Object> body(ServeException e, String requestId) {
            String type = switch (e.status()) {
                case 401 -> "authentication_error";
                case 403 -> "permission_error";
                case 404 -> "not_found_error";
                case 413 -> "request_too_large";
                case 429 -> "rate_limit_error";
                case 503, 529 -> "overloaded_error";
                default -> e.status() >= 500 ? "api_error" : "invalid_request_error";
            };
            // By this code clients send a conversation again that the server no longer holds.
            Object details = e.kind().startsWith("thread_") ? Json.object("error_code", e.kind()) : Json.ABSENT;
            return Json.object("type", "error", "error", Json.object("type", type, "message", e.getMessage(), "details",
                    details),
                    "request_id", requestId);
        }

        @Override
        void stream(EventStream stream, Map<String, Object> error) {
            stream.event("error", error);
        }
    },
    /// `{"error": "message"}`
    OLLAMA {
        @Override
        public Map<String, Object> body(ServeException e, String requestId) {
            return Json.object("error", e.getMessage());
        }
    };

    /// Kinds of errors that are codes in OpenAI's API.
    private static final Set<String> CODES = Set.of("context_length_exceeded", "previous_response_not_found");

    /// The style of the API that has a path.
    static ErrorStyle ofPath(String path) {
        return path.startsWith("/api/") ? OLLAMA : path.startsWith("/v1/messages") ? ANTHROPIC : OPENAI;
    }

    /// The body of an error.
    public abstract Map<String, Object> body(ServeException e, String requestId);

    /// Writes the body of an error to a stream that has begun.
    ///
    /// @throws java.io.UncheckedIOException if the client has gone
    void stream(EventStream stream, Map<String, Object> error) {
        stream.event(error);
    }
}
