package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.call.GenerationCall;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.engine.thinking.ThinkingOptions;
import glia.serve.chat.StoredResponses;
import glia.serve.http.Exchange;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// A request for a response.
///
/// @param call what to generate
/// @param input the items of the request
/// @param before the items of earlier responses
/// @param echoed the fields of the request that the response repeats
/// @param stores whether the response is kept
/// @param streams whether events are sent
/// @param inBackground whether the request returns before the response is generated
/// @param encryptsReasoning whether reasoning items have encrypted content
/// @param truncates whether the oldest messages are dropped if the context does not hold all
record ResponsesRequest(GenerationCall call, List<Map<String, Object>> input, List<Map<String, Object>> before,
        Map<String, Object> echoed, boolean stores, boolean streams, boolean inBackground,
        boolean encryptsReasoning, boolean truncates) {
    private static final List<String> INCLUDED = OpenAiFields.included();
    private static final int MOST_INCLUDED = 16;
    private static final int ID_DIGITS = 16;

    /// @param digits hexadecimal digits of ids
    static ResponsesRequest read(Fields body, String digits, Exchange exchange, LanguageModel model,
            StoredResponses stored) {
        Optional<String> previous = body.text("previous_response_id");
        List<Map<String, Object>> before = previous.isEmpty() ? List.of()
                : conversation(stored.find(previous.get(), exchange.caller().name()).orElseThrow(() ->
                        new ServeException(400, "previous_response_not_found", "previous_response_id",
                                "previous_response_id: found no response '" + previous.get()
                                        + "'; responses are kept with store, until others need their memory")));
        List<Map<String, Object>> input = ResponseItems.read(body, digits,
                id -> stored.item(responseOf(id), id, exchange.caller().name()));
        String instructions = body.text("instructions").orElse("");
        List<Map<String, Object>> items = new ArrayList<>(before);
        items.addAll(input);
        List<ChatMessage> messages = ResponseItems.messages(instructions, items, before.size(),
                exchange.caller().name());
        Object tools = body.value("tools");
        Object toolChoice = body.value("tool_choice");
        ToolFields toolFields = ToolFields.read(body, true);
        Optional<Fields> reasoning = body.object("reasoning");
        ThinkingOptions thinking = thinking(reasoning, model);
        OptionalInt most = body.integer("max_output_tokens");
        GenerationOptions options = Sampling.read(body, model).withMaxTokens(most.orElse(0))
                .withThinking(thinking);
        OptionalInt alternatives = body.integer("top_logprobs");
        List<String> included = body.texts("include", MOST_INCLUDED);
        if (!OpenAiFields.isIncludable(included)) {
            throw Fields.wrong("include", included, "some of " + String.join(", ", INCLUDED));
        }
        GenerationCall call = new GenerationCall(new Prompt.Conversation(messages, toolFields.tools(), Map.of(), false),
                options, exchange.terms())
                .withToolChoice(toolFields.choice());
        if (alternatives.orElse(0) > 0 || included.contains(INCLUDED.getFirst())) {
            call = call.withLogProbabilities(alternatives.orElse(0));
        }
        Object text = body.value("text");
        call = format(body, call, model);
        boolean stores = body.flag("store");
        boolean streams = body.flag("stream");
        boolean inBackground = body.flag("background");
        if (inBackground && (streams || !stores)) {
            throw ServeException.badField("background", "found true with " + (streams ? "stream" : "store false")
                    + "; expected store without stream: get the response by its id");
        }
        Object truncation = body.word("truncation").orElse("disabled");
        Object metadata = body.object("metadata").map(ResponsesRequest::labels).orElse(Map.of());
        body.object("stream_options").ifPresent(Fields::end);
        Map<String, Object> echoed = object("instructions", instructions.isEmpty() ? null : instructions,
                "max_output_tokens", most.isPresent() ? most.getAsInt() : null, "max_tool_calls", null,
                "parallel_tool_calls", toolFields.choice().isParallel(),
                "previous_response_id", previous.orElse(null),
                "reasoning", object("effort", reasoning.flatMap(fields -> fields.text("effort")).orElse(null),
                        "summary", null),
                "store", stores, "temperature", options.sampling().temperature(),
                "text", text == null ? object("format", object("type", "text")) : text,
                "tool_choice", toolChoice == null ? "auto" : toolChoice, "tools", tools == null ? List.of() : tools,
                "top_logprobs", alternatives.orElse(0), "top_p", options.sampling().topP(),
                "truncation", truncation, "user", body.text("user").orElse(null), "metadata", metadata,
                "service_tier", "default", "prompt_cache_key", body.text("prompt_cache_key").orElse(null),
                "safety_identifier", body.text("safety_identifier").orElse(null));
        return new ResponsesRequest(call, input, before, echoed, stores, streams, inBackground,
                included.contains(INCLUDED.getLast()), truncation.equals("auto"));
    }

    /// The id of the response that an item is of: the ids of items have its digits after their prefix.
    private static String responseOf(String item) {
        int from = item.indexOf('_') + 1;
        return "resp_" + item.substring(from, Math.min(item.length(), from + ID_DIGITS));
    }

    private static Map<String, Object> labels(Fields metadata) {
        metadata.values().keySet().forEach(metadata::text);
        return metadata.all();
    }

    private static List<Map<String, Object>> conversation(StoredResponses.Stored stored) {
        if (List.of("queued", "in_progress").contains(stored.body().get("status"))) {
            throw ServeException.badField("previous_response_id", "found a response that is not complete yet");
        }
        return stored.conversation();
    }

    private static ThinkingOptions thinking(Optional<Fields> reasoning, LanguageModel model) {
        // The reasoning itself is sent; `auto` is the best summary that there is, which is none.
        reasoning.ifPresent(fields -> fields.word("summary"));
        return ThinkingFields.read(reasoning.flatMap(fields -> fields.word("effort")), OptionalInt.empty(),
                model.thinking().format().isPresent());
    }

    private static GenerationCall format(Fields body, GenerationCall call, LanguageModel model) {
        Optional<Fields> text = body.object("text");
        if (text.isEmpty()) {
            return call;
        }
        Optional<Grammar> grammar = text.get().object("format")
                .flatMap(format -> StructuredFields.ofFormat(format, model));
        text.get().end();
        return grammar.isPresent() ? call.withGrammar(grammar.get()) : call;
    }

    /// The response.
    ///
    /// @param status such as `in_progress`
    /// @param end the end of the answer; null if it has none
    /// @param error null for none
    Map<String, Object> body(String id, String model, long created, String status, List<?> output, AnswerEnd end,
            Map<String, Object> error) {
        boolean isOver = !status.equals("in_progress") && !status.equals("queued");
        Map<String, Object> body = new LinkedHashMap<>(object("id", id, "object", "response", "created_at", created,
                "completed_at", status.equals("completed") ? System.currentTimeMillis() / 1000 : null,
                "status", status, "background", inBackground, "error", error,
                "incomplete_details", status.equals("incomplete") ? object("reason", "max_output_tokens") : null,
                "model", model, "output", output));
        body.putAll(echoed);
        body.put("usage", end == null || !isOver ? null : object("input_tokens", end.promptTokens(),
                "input_tokens_details", object("cached_tokens", end.reusedTokens(),
                        "cache_write_tokens", end.promptTokens() - end.reusedTokens()),
                "output_tokens", end.tokens(),
                "output_tokens_details", object("reasoning_tokens", end.thinkingTokens()),
                "total_tokens", end.promptTokens() + end.tokens()));
        return body;
    }
}
