package glia.serve.openai;

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
import static glia.serve.request.Field.whole;
import static glia.serve.request.Field.word;

import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import java.util.List;
import java.util.Map;

/// The fields of OpenAI's API, with those that vLLM, llama-server, Jina and Cohere add.
public final class OpenAiFields {
    /// What `max_tokens` of a completion is where the request does not say, as in OpenAI's API.
    static final int USUAL_TOKENS = 16;
    private static final int MOST_ALTERNATIVES = 20;
    private static final int MOST_STOPS = 16;
    private static final int MOST_CHOICES = 10_000;
    private static final int ANY = Integer.MAX_VALUE;
    private static final String OF_MODEL = "the model's";
    private static final String VLLM = "vLLM";
    private static final String LLAMA = "llama-server";
    private static final String ROOM = "4096, with thinking 49152";
    private static final List<String> INCLUDED =
            List.of("message.output_text.logprobs", "reasoning.encrypted_content");
    /// What a response could include of tools that this server does not run.
    private static final List<String> INCLUDED_OF_TOOLS = List.of("file_search_call.results",
            "web_search_call.results", "web_search_call.action.sources", "message.input_image.image_url",
            "computer_call_output.output.image_url", "code_interpreter_call.outputs");
    private static final List<String> LEVELS = List.of("low", "medium", "high");
    private static final Field VERBOSITY = unused("verbosity", "models have no such setting; the prompt may say it")
            .accepting("low, medium or high", LEVELS::contains);

    private static final Field MODEL = text("model").usual("the first model").note("`MODEL:ADAPTER` for an adapter");
    private static final Field STREAM = flag("stream", false);
    private static final Field STREAM_OPTIONS = object("stream_options", FieldTable.of("",
            flag("include_usage", false), flag("include_canvas", false).note("chat completions; text diffusion models: "
                    + "what is not final after each step, as `canvas` of a delta"),
            unused("include_obfuscation", "nothing is obfuscated"),
            unused("continuous_usage_stats", "usage is at the end")));
    private static final Field ECHO_KWARGS = value("chat_template_kwargs", "object")
            .note("variables of the chat template");
    private static final Field SCHEMA = value("json_schema", "JSON schema").note(LLAMA);

    private static final FieldTable LABELS = FieldTable.of("", label("user", "a label of the caller's own"),
            label("service_tier", "there is one"), label("safety_identifier", "a label of the caller's own"));
    private static final FieldTable CHAT_LABELS = FieldTable.of("",
            unused("store", "chats and completions are not stored").accepting("true or false",
                    Boolean.class::isInstance),
            unused("metadata", "a label of what is stored").accepting("an object of strings", value ->
                    value instanceof Map<?, ?> map && map.values().stream().allMatch(String.class::isInstance)));
    private static final FieldTable CACHE_HINTS = FieldTable.of("",
            label("prompt_cache_key", "prefixes are shared without it"),
            label("prompt_cache_retention", "prefixes are kept as long as there is room"),
            unused("prompt_cache_options", "prefixes are cached without it"));

    private static final FieldTable SAMPLING = FieldTable.of("",
            number("temperature", 0, 100).usual(OF_MODEL), number("top_p", 0, 1).usual(OF_MODEL),
            integer("top_k", -1, 1 << 20).usual(OF_MODEL).note(VLLM + "; 0 and -1: all tokens"),
            number("min_p", 0, 0.999999).usual(OF_MODEL).note(VLLM),
            number("presence_penalty", -2, 2).usual(OF_MODEL), number("frequency_penalty", -2, 2).usual(OF_MODEL),
            number("repetition_penalty", 0.01, 100).usual(OF_MODEL).note(VLLM),
            whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).usual("random"),
            value("logit_bias", "token ids with numbers from -100 to 100, or a list of such pairs")
                    .note("-100 bans a token; false in a pair, too"),
            texts("stop", MOST_STOPS)).and(ExtensionFields.SAMPLING);

    private static final FieldTable FORM = FieldTable.of("",
            value("response_format", "`text`, `json_object` or `json_schema`"),
            object("structured_outputs", FieldTable.of("", value("json", "JSON schema"), text("regex"),
                    texts("choice", MOST_CHOICES), text("grammar"), value("json_object", "`true`"))).note(VLLM),
            value("guided_json", "JSON schema").note(VLLM), text("guided_regex").note(VLLM),
            texts("guided_choice", MOST_CHOICES).note(VLLM), text("guided_grammar").note(VLLM + "; GBNF or Lark"),
            text("grammar").note(LLAMA + "; GBNF or Lark"), SCHEMA);

    private static final FieldTable THINKING = FieldTable.of("",
            word("reasoning_effort", ThinkingFields.EFFORTS).usual(OF_MODEL),
            integer("thinking_budget", 0, ANY).usual("that of the effort").note("tokens of thinking"))
            .and(ExtensionFields.THINKING);

    private static final FieldTable FUNCTION = FieldTable.of("", text("name"), text("description"),
            value("parameters", "JSON schema").usual("no parameters"), flag("strict", false)
                    .note("true: a schema that cannot be enforced is refused"));
    private static final FieldTable TOOL = FieldTable.of("", only("type", "function; this server runs no tools of its "
            + "own", "function"::equals)).and(ExtensionFields.CALL);
    private static final FieldTable TOOL_USE = FieldTable.of("",
            value("tool_choice", "`none`, `auto`, `required`, or an object that names a function or `allowed_tools`")
                    .usual("`auto`"),
            flag("parallel_tool_calls", true));
    private static final FieldTable TOOLS = FieldTable.of("", objects("tools",
            TOOL.and(FieldTable.of("", object("function", FUNCTION.and(ExtensionFields.CALL)))))).and(TOOL_USE);
    private static final FieldTable FLAT_TOOLS = FieldTable.of("", objects("tools", TOOL.and(FUNCTION,
            FieldTable.of("", only("defer_loading", "false", Boolean.FALSE::equals),
                    only("allowed_callers", "[\"direct\"]", List.of("direct")::equals),
                    unused("output_schema", "chat templates have no place for it"))))).and(TOOL_USE);

    private static final Field MESSAGES = objects("messages", FieldTable.of("", word("role", ChatMessages.ROLES),
            value("content", "string, or parts of type `text`, which become lines, and `image_url` of the user, a "
                    + "`data:` URL ([pictures](pictures.md)), and `input_audio`; `refusal` of the assistant"),
            text("name"), text("tool_call_id"),
            objects("tool_calls", FieldTable.of("", text("id"), only("type", "function", "function"::equals),
                    object("function", FieldTable.of("", text("name"), text("arguments").usual("`{}`")
                            .note("a JSON object; what is none, such as a call that was cut off, is read as text"))
                            .and(ExtensionFields.CALL)),
                    unused("index", "the order counts")).and(ExtensionFields.CALL)),
            text("reasoning_content").note("the thinking of an earlier answer"),
            text("reasoning").note("the same, in the words of " + VLLM),
            unused("refusal", "models of this server have none"),
            refused("audio", "this model reads no sounds"), refused("function_call", "use `tool_calls`"))
            .and(ExtensionFields.MESSAGE));

    private static final FieldTable CONVERSATION = FieldTable.of("", MESSAGES, ECHO_KWARGS.note(VLLM),
            flag("continue_final_message", false).note(VLLM),
            flag("add_generation_prompt", true).note(VLLM + "; false: the prompt ends after the last message"));

    /// `POST /v1/chat/completions`
    static final FieldTable CHAT = FieldTable.of("chat completions", MODEL).and(CONVERSATION, FieldTable.of("",
            integer("max_completion_tokens", 1, ANY).usual(ROOM), integer("max_tokens", 1, ANY).usual(ROOM), STREAM,
            STREAM_OPTIONS, integer("n", 1, ANY).usual("1").note("at most 16, or `--max-samples`"),
            flag("logprobs", false), integer("top_logprobs", 0, MOST_ALTERNATIVES).usual("0")),
            ExtensionFields.GENERATION, ExtensionFields.CHAT, SAMPLING, THINKING, TOOLS, FORM, LABELS, CHAT_LABELS,
            CACHE_HINTS,
            FieldTable.of("", refused("functions", "use `tools`"), refused("function_call", "use `tool_choice`"),
                    refused("audio", "the models write text"),
                    only("modalities", "[\"text\"]", List.of("text")::equals),
                    unused("prediction", "the server drafts by itself"),
                    refused("moderation", "the server checks no content"),
                    refused("web_search_options", "the server runs no tools of its own"),
                    VERBOSITY));

    /// `POST /v1/completions`
    static final FieldTable COMPLETIONS = FieldTable.of("completions", MODEL,
            value("prompt", "string, strings, token ids, or lists of token ids; at most 256"),
            integer("max_tokens", 0, ANY).usual(Integer.toString(USUAL_TOKENS)),
            integer("max_completion_tokens", 0, ANY).note("as `max_tokens`"), flag("echo", false),
            integer("logprobs", 0, MOST_ALTERNATIVES).usual("none"), STREAM, STREAM_OPTIONS,
            integer("n", 1, ANY).usual("1").note("at most 16, or `--max-samples`"),
            flag("return_token_ids", false).note(VLLM),
            flag("add_special_tokens", true).note(VLLM), only("best_of", "1", Integer.valueOf(1)::equals),
            text("suffix").note("the text after the completion, of models with tokens for it; `prompt` is one string"))
            .and(ExtensionFields.GENERATION, SAMPLING, FORM, LABELS, CHAT_LABELS);

    private static final FieldTable LLAMA_COMPLETION = FieldTable.of("", MODEL, STREAM,
            integer("n_probs", 0, MOST_ALTERNATIVES).usual("0").note("most probable tokens to list"),
            flag("return_tokens", false), unused("response_fields", "all fields are there"),
            unused("n_indent", "code is not indented"))
            .and(ExtensionFields.GENERATION, SAMPLING, FORM);

    /// `POST /completion`
    static final FieldTable COMPLETION = FieldTable.of("completion",
            value("prompt", "string, strings, token ids, or lists of token ids; at most 256")).and(LLAMA_COMPLETION);

    /// `POST /infill`
    static final FieldTable INFILL = FieldTable.of("infill", text("input_prefix"), text("input_suffix"),
            objects("input_extra", FieldTable.of("", text("text"), text("filename")))
                    .note("files before the prefix"), text("prompt").note("follows the prefix"))
            .and(LLAMA_COMPLETION);

    /// `POST /v1/responses`
    static final FieldTable RESPONSES = FieldTable.of("responses", MODEL,
            value("input", "string, or items of type `message`, `reasoning`, `function_call`, `function_call_output`, "
                    + "`item_reference`"),
            text("instructions"), text("previous_response_id"), flag("store", true), STREAM, flag("background", false),
            object("stream_options", FieldTable.of("", unused("include_obfuscation", "nothing is obfuscated"))),
            object("reasoning", FieldTable.of("", word("effort", ThinkingFields.EFFORTS).usual(OF_MODEL),
                    word("summary", List.of("auto", "concise", "detailed")).note("reasoning is sent itself"))
                    .and(FieldTable.unused("reasoning is sent itself", "generate_summary"),
                            FieldTable.unused("the effort counts", "mode", "context"))),
            object("text", FieldTable.of("", value("format", "`text`, `json_object` or `json_schema`"),
                    VERBOSITY)),
            integer("max_output_tokens", 1, ANY).usual(ROOM), word("truncation", List.of("auto", "disabled"))
                    .usual("`disabled`").note("`auto` drops the oldest messages until the rest fits"),
            integer("top_logprobs", 0, MOST_ALTERNATIVES).usual("0"),
            value("include", "some of `" + String.join("`, `", INCLUDED) + "`")
                    .note("what tools of OpenAI add is accepted"),
            value("metadata", "object").note("repeated in the response"),
            text("user").note("repeated in the response"), text("prompt_cache_key").note("repeated in the response"),
            text("safety_identifier").note("repeated in the response"), unused("service_tier", "there is one"),
            unused("prompt_cache_retention", "prefixes are kept as long as there is room"),
            unused("prompt_cache_options", "prefixes are cached without it"),
            unused("max_tool_calls", "the server runs no tools of its own"),
            unused("background_options", "there is one queue"), unused("access_programs", "there are none"),
            unused("image", "the models read no images"), unused("personality", "models have no such setting"),
            refused("moderation", "the server checks no content"),
            refused("conversation", "use `previous_response_id`"), refused("prompt", "prompts are not stored"),
            refused("context_management", "use `truncation`")).and(SAMPLING, FLAT_TOOLS);

    /// `POST /v1/embeddings`
    static final FieldTable EMBEDDINGS = FieldTable.of("embeddings", MODEL,
            value("input", "string, strings, token ids, or lists of token ids; at most 2048"),
            word("encoding_format", List.of("float", "base64")).usual("`float`"),
            integer("dimensions", 1, ANY).usual(OF_MODEL).note("at most the model's"),
            label("user", "a label of the caller's own"));

    /// `POST /embedding`
    static final FieldTable EMBEDDING = EMBEDDINGS.named("embedding").and(FieldTable.of("",
            value("content", "as `input`").note(LLAMA), only("embd_normalize", "2", Integer.valueOf(2)::equals)));

    /// `POST /v1/multi-vector` and `POST /pooling`
    static final FieldTable MULTI_VECTOR = FieldTable.of("multi-vector", MODEL,
            value("input", "string, strings, or objects with `text`; at most 2048"),
            word("input_type", List.of("query", "document")).usual("`document`"),
            word("embedding_type", List.of("float")).usual("`float`"));

    /// `POST /embed_sparse`
    static final FieldTable EMBED_SPARSE = FieldTable.of("embed-sparse", MODEL,
            value("inputs", "string or strings; at most 2048"),
            flag("truncate", false).note("false: long texts are refused"));

    /// `POST /v1/images/generations`
    static final FieldTable IMAGES = FieldTable.of("images", MODEL, text("prompt"),
            integer("n", 1, ImageGenerations.MOST).usual("1"),
            text("size").usual(OF_MODEL).note("such as `512x512`; other sizes than the model's are refused"),
            word("response_format", List.of("b64_json")).usual("`b64_json`"),
            word("output_format", List.of("png")).usual("`png`"),
            whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).usual("random"),
            number("guidance_scale", 0, 1000).usual(OF_MODEL).note("classifier-free guidance; 1: none"),
            text("negative_prompt"), label("user", "a label of the caller's own"),
            unused("quality", "models have one quality").accepting("a string", String.class::isInstance),
            unused("background", "pictures are opaque").accepting("a string", String.class::isInstance),
            unused("style", "the prompt says it").accepting("a string", String.class::isInstance),
            unused("moderation", "this server moderates nothing").accepting("a string", String.class::isInstance));

    /// `POST /v1/rerank`
    static final FieldTable RERANK = FieldTable.of("rerank", MODEL, text("query"),
            value("documents", "strings, or objects with `text`; 1 to 1000"),
            integer("top_n", 1, ANY).usual("all"), flag("return_documents", false));

    private static final FieldTable TEMPLATE = CONVERSATION.and(THINKING, TOOLS);

    /// `POST /tokenize`
    static final FieldTable TOKENIZE = FieldTable.of("tokenize", MODEL, text("prompt").note(VLLM),
            flag("add_special_tokens", true).note(VLLM), flag("return_token_strs", false).note(VLLM),
            text("content").note(LLAMA), flag("add_special", false).note(LLAMA),
            flag("parse_special", true).note(LLAMA), flag("with_pieces", false).note(LLAMA)).and(TEMPLATE);

    /// `POST /detokenize`
    static final FieldTable DETOKENIZE = FieldTable.of("detokenize", MODEL, value("tokens", "token ids"));

    /// `POST /apply-template`
    static final FieldTable APPLY_TEMPLATE = FieldTable.of("apply-template", MODEL).and(TEMPLATE);

    private OpenAiFields() { }

    /// What a response can include.
    static List<String> included() {
        return INCLUDED;
    }

    /// Whether all of these are something that a response could include.
    static boolean isIncludable(List<String> wanted) {
        return wanted.stream().allMatch(one -> INCLUDED.contains(one) || INCLUDED_OF_TOOLS.contains(one));
    }

    /// Fields of a model and a conversation, with others.
    public static FieldTable conversation(String name, Field... others) {
        return FieldTable.of(name, others).and(FieldTable.of("", MODEL, MESSAGES));
    }

    private static Field label(String name, String why) {
        return unused(name, why).accepting("a string", String.class::isInstance);
    }
}
