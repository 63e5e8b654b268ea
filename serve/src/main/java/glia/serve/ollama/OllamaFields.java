package glia.serve.ollama;

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

import glia.engine.LanguageModel;
import glia.engine.thinking.ThinkingOptions;
import glia.serve.chat.ModelFields;
import glia.serve.http.Exchange;
import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.text.thinking.Effort;

/// The fields of Ollama's API.
final class OllamaFields {
    private static final int MOST_STOPS = 16;
    private static final int MOST_ALTERNATIVES = 20;
    private static final int MOST_INPUTS = 2048;
    private static final int ANY = Integer.MAX_VALUE;
    private static final String OF_MODEL = "the model's";
    private static final String ENGINE = "of Ollama's own engine";

    private static final FieldTable MODEL = FieldTable.of("", text("model").note("may end in `:latest`"),
            text("name").note("formerly for `model`"),
            value("keep_alive", "`5m`, `90s`, or seconds; `0` unloads, `-1` keeps").usual("`--keep-alive`"));

    private static final Field OPTIONS = object("options", FieldTable.of("",
            integer("num_predict", -2, ANY).usual("4096, with thinking 49152"),
            number("temperature", 0, 100).usual(OF_MODEL), integer("top_k", -1, 1 << 20).usual(OF_MODEL),
            number("top_p", 0, 1).usual(OF_MODEL), number("min_p", 0, 0.999999).usual(OF_MODEL),
            number("repeat_penalty", 0.01, 100).usual(OF_MODEL),
            integer("repeat_last_n", -1, OllamaOptions.MOST_WINDOW).usual(OF_MODEL).note("-1: the whole context"),
            number("presence_penalty", -2, 2).usual(OF_MODEL), number("frequency_penalty", -2, 2).usual(OF_MODEL),
            whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).usual("random"), texts("stop", MOST_STOPS),
            integer("num_ctx", 1, ANY).usual(OF_MODEL).note("the model's context holds; the header `x-glia-warning` "
                    + "says so where less was found"),
            only("mirostat", "0", Integer.valueOf(0)::equals), only("typical_p", "1", OllamaFields::isOne),
            only("tfs_z", "1", OllamaFields::isOne), only("penalize_newline", "true", Boolean.TRUE::equals),
            unused("mirostat_eta", "of mirostat"), unused("mirostat_tau", "of mirostat"),
            unused("num_keep", "contexts are not shifted"), unused("num_batch", ENGINE), unused("num_gpu", ENGINE),
            unused("main_gpu", ENGINE), unused("low_vram", ENGINE), unused("use_mmap", ENGINE),
            unused("use_mlock", ENGINE), unused("num_thread", ENGINE), unused("numa", ENGINE),
            unused("f16_kv", ENGINE)).and(ModelFields.TABLE, FieldTable.unused(ENGINE, "logits_all",
                    "vocab_only", "embedding_only", "rope_frequency_base", "rope_frequency_scale", "num_gqa",
                    "gpu_layers", "flash_attn", "cache_type_k", "cache_type_v", "split_mode", "tensor_split",
                    "draft_num_predict")));

    private static final Field IMAGES = value("images", "Base64 of pictures")
            .note("for models that read [pictures](pictures.md)");

    private static final FieldTable GENERATE_AND_CHAT = FieldTable.of("", flag("stream", true), OPTIONS,
            value("think", "boolean, `low`, `medium`, `high`").usual("that of the chat template"),
            value("format", "`json` or JSON schema"),
            unused("truncate", "a prompt that is too long is an error").accepting("boolean", Boolean.class::isInstance),
            unused("shift", "an answer ends where the context is full").accepting("boolean", Boolean.class::isInstance),
            refused("_debug_render_only", "use `/apply-template`"),
            flag("logprobs", false), integer("top_logprobs", 0, MOST_ALTERNATIVES).usual("0"));

    private static final Field TYPE = only("type", "function", "function"::equals);
    private static final FieldTable MESSAGE = FieldTable.of("", word("role", OllamaMessages.ROLES), text("content"),
            text("thinking"), text("name"), text("tool_name"), text("tool_call_id"), IMAGES,
            objects("tool_calls", FieldTable.of("", text("id"), TYPE, object("function", FieldTable.of("",
                    text("name"), value("arguments", "object").usual("`{}`"), unused("index", "the order counts"),
                    unused("description", "that of `tools` counts"))))));
    private static final FieldTable TOOL = FieldTable.of("", TYPE, object("function", FieldTable.of("", text("name"),
            text("description"), value("parameters", "JSON schema").usual("no parameters"),
            unused("type", "there is one"), unused("strict", "arguments are not enforced"))),
            unused("items", "not part of the prompt"));

    /// `POST /api/chat`
    static final FieldTable CHAT = FieldTable.of("chat").and(MODEL, FieldTable.of("",
            objects("messages", MESSAGE).note("none: the model is loaded"), objects("tools", TOOL)),
            GENERATE_AND_CHAT);

    /// `POST /api/generate`
    static final FieldTable GENERATE = FieldTable.of("generate").and(MODEL, FieldTable.of("",
            text("prompt").note("none: the model is loaded"), text("system"), flag("raw", false),
            value("context", "token ids").note("of an earlier answer, which is continued"), IMAGES,
            refused("width", "the models write text"), refused("height", "the models write text"),
            refused("steps", "the models write text; steps of text diffusion are in `options`"),
            text("suffix").note("the text after the answer, of models with tokens for it"),
            only("template", "none: prompts are rendered with the model's own template, or by raw", ""::equals)),
            GENERATE_AND_CHAT);

    /// `POST /api/embed`
    static final FieldTable EMBED = FieldTable.of("embed").and(MODEL, FieldTable.of("", texts("input", MOST_INPUTS),
            flag("truncate", true).note("false: long texts are refused"),
            integer("dimensions", 1, ANY).usual(OF_MODEL).note("at most the model's"), OPTIONS));

    /// `POST /api/embeddings`
    static final FieldTable EMBEDDINGS =
            FieldTable.of("embeddings").and(MODEL, FieldTable.of("", text("prompt"), OPTIONS));

    /// `POST /api/show`
    static final FieldTable SHOW = FieldTable.of("show").and(MODEL, FieldTable.of("", flag("verbose", false),
                    unused("system", "the model is shown as it is"), unused("template", "the model is shown as it is"),
                    unused("options", "the model is shown as it is")));

    private OllamaFields() { }

    private static boolean isOne(Object value) {
        return value instanceof Number number && number.doubleValue() == 1;
    }

    /// The field `think`: true, false, or a level. Without it the model's template decides.
    static final class ThinkField {
        private ThinkField() { }

        /// @param exchange gets a header if thinking is requested of a model that does not think
        /// @throws glia.serve.request.ServeException if the value is none of these
        static ThinkingOptions read(Fields body, LanguageModel model, Exchange exchange) {
            Object value = body.value("think");
            boolean thinks = model.thinking().format().isPresent();
            Effort effort = switch (value) {
                case null -> null;
                case Boolean isOn -> isOn ? Effort.HIGH : Effort.INSTANT;
                case String level when level.equals("low") -> Effort.LOW;
                case String level when level.equals("medium") -> Effort.MEDIUM;
                case String level when level.equals("high") -> Effort.HIGH;
                default -> throw Fields.wrong("think", value, "true, false, low, medium or high");
            };
            if (effort == null || !thinks && effort == Effort.INSTANT) {
                return ThinkingOptions.DEFAULT;
            }
            if (!thinks) {
                exchange.warn("think: this model does not think");
                return ThinkingOptions.DEFAULT;
            }
            return ThinkingOptions.of(effort);
        }
    }
}
