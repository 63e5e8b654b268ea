package glia.serve.openai;

import static glia.serve.request.Field.flag;
import static glia.serve.request.Field.integer;
import static glia.serve.request.Field.number;
import static glia.serve.request.Field.object;
import static glia.serve.request.Field.only;
import static glia.serve.request.Field.refused;
import static glia.serve.request.Field.unused;
import static glia.serve.request.Field.value;
import static glia.serve.request.Field.word;

import glia.serve.chat.ModelFields;
import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/// The fields that vLLM, llama-server, SGLang and LiteLLM add to OpenAI's API.
final class ExtensionFields {
    private static final int ANY = Integer.MAX_VALUE;
    private static final String OF_MODEL = "the model's";
    private static final String VLLM = "vLLM";
    private static final String LLAMA = "llama-server";

    /// Parts of messages that templates do not read.
    static final String[] PART_LABELS = {"cache_control", "annotations", "logprobs", "prompt_cache_breakpoint",
        "provider_specific_fields"};

    /// Sampling options in the names of llama-server.
    static final FieldTable SAMPLING = FieldTable.of("",
            number("repeat_penalty", 0.01, 100).usual(OF_MODEL).note(LLAMA + "; as `repetition_penalty`"),
            integer("repeat_last_n", -1, 1 << 20).usual(OF_MODEL)
                    .note(LLAMA + "; the tokens that penalties count; -1: the whole context"),
            only("typical_p", "1", ExtensionFields::isOne), only("tfs_z", "1", ExtensionFields::isOne))
            .and(ModelFields.TABLE, off("mirostat", "dynatemp_range", "xtc_probability", "dry_multiplier",
                    "min_keep", "top_n_sigma", "adaptive_target"),
                    FieldTable.unused("of samplers that this server does not have", "dynatemp_exponent",
                            "xtc_threshold", "dry_base", "dry_allowed_length", "dry_penalty_last_n",
                            "dry_sequence_breakers", "mirostat_tau", "mirostat_eta", "adaptive_decay"),
                    FieldTable.unused("the order of the samplers is fixed", "samplers"),
                    FieldTable.unused("prompts are cached and scheduled without it", "cache_prompt", "id_slot",
                            "n_cache_reuse", "priority"),
                    FieldTable.of("", shift("n_keep"), shift("n_discard")),
                    FieldTable.unused("`timings` are at the end", "timings_per_token"),
                    FieldTable.unused("`--request-timeout` holds", "t_max_predict_ms", "t_max_prompt_ms"),
                    FieldTable.unused("the server drafts by itself", "speculative.n_max", "speculative.n_min",
                            "speculative.p_min"));

    /// What ends an answer, and the most tokens in the name of llama-server.
    static final FieldTable GENERATION = FieldTable.of("", flag("ignore_eos", false).note(VLLM),
            integer("min_tokens", 0, ANY).usual("0").note(VLLM + "; before, no stop token or string ends an answer"),
            value("stop_token_ids", "token ids").note(VLLM + "; further tokens that end an answer"),
            flag("skip_special_tokens", true).note(VLLM + "; false: special tokens are part of the text"),
            integer("n_predict", -1, ANY).note(LLAMA + "; as `max_tokens`; -1: the default"),
            only("length_penalty", "1", ExtensionFields::isOne),
            refused("allowed_token_ids", "use `logit_bias`, or a grammar"),
            refused("prompt_logprobs", "use `echo` and `logprobs` of completions"),
            refused("truncate_prompt_tokens", "shorten the prompt"),
            refused("cache_salt", "prefixes are cached by API key"))
            .and(off("use_beam_search", "include_stop_str_in_output", "return_tokens_as_token_ids", "early_stopping",
                    "post_sampling_probs", "return_progress", "bad_words", "logits_processors", "lora"),
                    FieldTable.unused("texts are decoded as the tokenizer says", "spaces_between_special_tokens"),
                    FieldTable.unused("there is one engine for grammars", "guided_decoding_backend",
                            "guided_whitespace_pattern"),
                    FieldTable.unused("the id is in the header `x-request-id`", "request_id"));

    /// How a model thinks, as other servers have it.
    static final FieldTable THINKING = FieldTable.of("",
            object("thinking", FieldTable.of("", word("type", List.of("enabled", "disabled", "adaptive", "auto")),
                    integer("budget_tokens", 0, ANY).note("as `thinking_budget`"))).note("LiteLLM, DeepSeek"),
            flag("enable_thinking", true).note("Qwen; false: as `reasoning_effort` `none`"))
            .and(on("include_reasoning", "separate_reasoning", "stream_reasoning", "parse_tool_calls"),
                    FieldTable.of("", only("reasoning_format", "auto or deepseek",
                            List.of("auto", "deepseek")::contains)));

    /// Chats of vLLM.
    static final FieldTable CHAT = off("echo", "add_special_tokens", "documents", "mm_processor_kwargs")
            .and(FieldTable.of("", refused("chat_template", "the model's own is used")));

    /// Of messages, in the words of clients that send answers back as they were received.
    static final FieldTable MESSAGE = FieldTable.unused("not part of the prompt", "annotations", "cache_control",
            "provider_specific_fields", "extra_content", "parsed", "id")
            .and(FieldTable.unused("`reasoning_content` is read", "thinking_blocks", "reasoning_details",
                    "reasoning_items"), off("images", "prefix"));

    /// Of tool calls and tools.
    static final FieldTable CALL = FieldTable.unused("not part of the prompt", "provider_specific_fields",
            "extra_content", "cache_control", "parsed_arguments");

    private ExtensionFields() { }

    private static Field shift(String name) {
        return unused(name, "contexts are not shifted").accepting("an integer, -1 or more",
                value -> value instanceof Integer number && number >= -1);
    }

    private static FieldTable off(String... names) {
        return FieldTable.of("", Stream.of(names).map(name -> only(name, "0, false or empty", value ->
                Boolean.FALSE.equals(value) || value instanceof Number n && n.doubleValue() <= 0
                        || value instanceof String text && text.isEmpty()
                        || value instanceof Collection<?> list && list.isEmpty())).toArray(Field[]::new));
    }

    private static FieldTable on(String... names) {
        return FieldTable.of("", Stream.of(names).map(name -> only(name, "true", Boolean.TRUE::equals))
                .toArray(Field[]::new));
    }

    private static boolean isOne(Object value) {
        return value instanceof Number number && number.doubleValue() == 1;
    }
}
