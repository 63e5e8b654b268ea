package glia.serve.anthropic;

import glia.serve.http.ErrorStyle;
import glia.serve.http.Route;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;
import java.util.List;

/// The routes of Anthropic's Messages API.
public final class AnthropicRoutes {
    private AnthropicRoutes() { }

    /// Adds the routes.
    public static void add(Routes routes, ModelPool models) {
        all(models).forEach(routes::add);
    }

    /// The routes.
    public static List<Route> all(ModelPool models) {
        Messages messages = new Messages(models);
        return List.of(Route.post("/v1/messages", ErrorStyle.ANTHROPIC, "chats, with thinking and tools as blocks",
                        AnthropicFields.MESSAGES, messages::create),
                Route.post("/v1/messages/count_tokens", ErrorStyle.ANTHROPIC,
                        "the tokens of a prompt, which may be longer than the context", AnthropicFields.COUNT_TOKENS,
                        messages::countTokens));
    }
}
