package glia.serve.anthropic;

import static glia.serve.request.Field.flag;
import static glia.serve.request.Field.integer;
import static glia.serve.request.Field.number;
import static glia.serve.request.Field.object;
import static glia.serve.request.Field.objects;
import static glia.serve.request.Field.only;
import static glia.serve.request.Field.refused;
import static glia.serve.request.Field.text;
import static glia.serve.request.Field.texts;
import static glia.serve.request.Field.unused;
import static glia.serve.request.Field.value;
import static glia.serve.request.Field.word;

import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import java.util.List;
import java.util.Map;

/// The fields of Anthropic's Messages API.
final class AnthropicFields {
    private static final int MOST_STOPS = 16;
    private static final int ANY = Integer.MAX_VALUE;
    private static final String OF_MODEL = "the model's";

    private static final Field CACHE = unused("cache_control", "prompts are cached without it");

    private static final Field TOOLS = objects("tools", FieldTable.of("", text("name"), text("description"),
            value("input_schema", "JSON schema"),
            flag("strict", false).note("true: a schema that cannot be enforced is refused"),
            only("type", "custom; tools that Anthropic runs or defines are not here", "custom"::equals),
            only("defer_loading", "false", Boolean.FALSE::equals),
            only("allowed_callers", "[\"direct\"]", List.of("direct")::equals), CACHE,
            unused("eager_input_streaming", "arguments are streamed as they are generated"),
            unused("input_examples", "chat templates have no place for them")));

    private static final FieldTable PROMPT = FieldTable.of("", text("model").usual("required"),
            objects("messages", FieldTable.of("", word("role", Conversations.ROLES),
                    value("content", "string, or blocks: `text`, `thinking`, `redacted_thinking`, `tool_use`, "
                            + "`tool_result`"))),
            value("system", "string, or `text` blocks"),
            object("thinking", FieldTable.of("", word("type", ThinkingConfig.TYPES).usual("`disabled`"),
                    integer("budget_tokens", 1, ANY).note("less than `max_tokens`; with `enabled`"),
                    word("display", List.of("summarized", "omitted")).usual("`summarized`"))),
            object("output_config", FieldTable.of("", word("effort", ThinkingConfig.EFFORTS)
                            .note("of `adaptive` thinking; `xhigh` and `max` are `high`"),
                    object("format", FieldTable.of("", only("type", "json_schema", "json_schema"::equals),
                            value("schema", "JSON schema"))))),
            TOOLS, object("tool_choice", FieldTable.of("", word("type", ToolFields.CHOICES).usual("`auto`"),
                    text("name").note("with `tool`"), flag("disable_parallel_tool_use", false))), CACHE);

    /// `POST /v1/messages`
    static final FieldTable MESSAGES = FieldTable.of("messages").and(PROMPT, FieldTable.of("",
            integer("max_tokens", 1, ANY).usual("required"), flag("stream", false),
            number("temperature", 0, 1).usual(OF_MODEL), number("top_p", 0, 1).usual(OF_MODEL),
            integer("top_k", 0, 1 << 20).usual(OF_MODEL), texts("stop_sequences", MOST_STOPS),
            only("service_tier", "auto or standard_only", List.of("auto", "standard_only")::contains),
            unused("metadata", "a label of the caller's own").accepting("an object", Map.class::isInstance),
            refused("container", "the server runs no code"),
            refused("context_management", "send the messages that are to be read"),
            refused("mcp_servers", "the server runs no tools of its own"),
            refused("inference_geo", "the server is where it is"), refused("speed", "there is one"),
            refused("diagnostics", "leave it out")));

    /// `POST /v1/messages/count_tokens`
    static final FieldTable COUNT_TOKENS = PROMPT.named("count_tokens");

    private AnthropicFields() { }
}
