package glia.serve.anthropic;

import glia.serve.http.ErrorStyle;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;

/// The routes of Anthropic's Messages API.
public final class AnthropicRoutes {
    private AnthropicRoutes() { }

    /// Adds the routes.
    public static void add(Routes routes, ModelPool models) {
        Messages messages = new Messages(models);
        routes.post("/v1/messages", ErrorStyle.ANTHROPIC, messages::create)
                .post("/v1/messages/count_tokens", ErrorStyle.ANTHROPIC, messages::countTokens);
    }
}
