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

import glia.serve.chat.ModelFields;
import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The fields of Anthropic's Messages API.
final class AnthropicFields {
    private static final int MOST_STOPS = 16;
    private static final int ANY = Integer.MAX_VALUE;
    private static final String OF_MODEL = "the model's";

    private static final Field CACHE = unused("cache_control", "prompts are cached without it");

    private static final FieldTable FORMAT = FieldTable.of("", only("type", "json_schema", "json_schema"::equals),
            value("schema", "JSON schema"));

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
                    value("content", "string, or blocks: `text`, `image` in Base64, `thinking`, "
                            + "`redacted_thinking`, `tool_use`, "
                            + "`tool_result`"))),
            value("system", "string, or `text` blocks"),
            object("thinking", FieldTable.of("", word("type", ThinkingConfig.TYPES).usual("`disabled`"),
                    integer("budget_tokens", 1, ANY).note("less than `max_tokens`; with `enabled`"),
                    word("display", List.of("summarized", "omitted", "updates")).usual("`summarized`"),
                    unused("block_binding", "a changed block is refused"))),
            object("output_config", FieldTable.of("", word("effort", ThinkingConfig.EFFORTS)
                            .note("of `adaptive` thinking; `xhigh` and `max` are `high`"),
                    object("format", FORMAT), unused("task_budget", "`max_tokens` holds"))),
            object("output_format", FORMAT).note("formerly for `output_config.format`"),
            unused("context_management", "contexts are not edited; the template leaves earlier thinking out")
                    .accepting("an object with edits of the types clear_thinking_…, clear_tool_uses_… or compact_…",
                            AnthropicFields::isContextManagement),
            refused("compaction", "send the messages that are to be read"),
            only("mcp_servers", "an empty list; the server runs no tools of others", List.of()::equals),
            only("speed", "standard", "standard"::equals),
            unused("billing_policy", "nothing is billed"),
            TOOLS, object("tool_choice", FieldTable.of("", word("type", ToolFields.CHOICES).usual("`auto`"),
                    text("name").note("with `tool`"), flag("disable_parallel_tool_use", false))), CACHE);

    /// `POST /v1/messages`
    static final FieldTable MESSAGES = FieldTable.of("messages").and(PROMPT, FieldTable.of("",
            integer("max_tokens", 1, ANY).usual("required"), flag("stream", false),
            number("temperature", 0, 1).usual(OF_MODEL), number("top_p", 0, 1).usual(OF_MODEL),
            integer("top_k", 0, 1 << 20).usual(OF_MODEL), texts("stop_sequences", MOST_STOPS),
            only("service_tier", "auto or standard_only", List.of("auto", "standard_only")::contains),
            unused("metadata", "a label of the caller's own").accepting("an object", Map.class::isInstance),
            object("thread", FieldTable.of("", word("type", MessageThreads.TYPES),
                    text("previous_message_id").note("with `continue`"))).note("a conversation that the server holds"),
            refused("container", "the server runs no code"),
            refused("inference_geo", "the server is where it is"),
            unused("diagnostics", "there are none"), unused("fallbacks", "no model declines a request"),
            unused("fallback_credit_token", "no model declines a request")), ModelFields.TABLE);

    /// `POST /v1/messages/count_tokens`
    static final FieldTable COUNT_TOKENS = PROMPT.named("count_tokens");

    private AnthropicFields() { }

    private static boolean isContextManagement(Object value) {
        return value instanceof Map<?, ?> map && Set.of("edits").containsAll(map.keySet())
                && (map.get("edits") == null || map.get("edits") instanceof List<?> edits && edits.stream().allMatch(
                        edit -> edit instanceof Map<?, ?> one && String.valueOf(one.get("type"))
                                .matches("(clear_thinking|clear_tool_uses|compact)_[0-9]{8}")));
    }
}
