package glia.serve.anthropic;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.ToolChoice;
import glia.engine.call.JsonForms;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a body of `/v1/messages` or `/v1/messages/count_tokens` says.
///
/// @param options sampling, the most tokens, stop strings and thinking
/// @param form the form of the answer; empty if it is free
/// @param toolChoice how the tools of the prompt may be used
/// @param omitsThinking whether thinking blocks have no text
record MessagesRequest(Prompt.Conversation prompt, GenerationOptions options, Optional<Grammar> form,
        ToolChoice toolChoice, boolean omitsThinking) {
    /// Reads all fields but `model` and `stream`.
    static MessagesRequest read(Fields body, LanguageModel model) {
        int maxTokens = body.integer("max_tokens")
                .orElseThrow(() -> ServeException.badField("max_tokens", "missing; expected a number of tokens"));
        MessagesRequest request = prompt(body, model, maxTokens);
        SamplingOptions sampling = sampling(body, model.options().sampling());
        List<String> stops = body.texts("stop_sequences");
        if (stops.stream().anyMatch(String::isBlank)) {
            throw Fields.wrong("stop_sequences", stops, "strings that are not blank");
        }
        return new MessagesRequest(request.prompt, request.options.withSampling(sampling).withStops(stops),
                request.form, request.toolChoice, request.omitsThinking);
    }

    /// Reads the fields that the prompt depends on.
    ///
    /// @param maxTokens 0 if they are not limited
    static MessagesRequest prompt(Fields body, LanguageModel model, int maxTokens) {
        List<ChatMessage> messages = Conversations.read(body);
        Optional<Fields> output = body.object("output_config");
        Optional<String> effort = output.flatMap(ThinkingConfig::effort);
        Optional<Grammar> form = output.flatMap(config -> config.object("format"))
                .or(() -> body.object("output_format")).map(format -> form(format, model));
        output.ifPresent(Fields::end);
        ThinkingConfig thinking = ThinkingConfig.read(body, effort, model.thinking().format().isPresent(), maxTokens);
        ToolFields tools = ToolFields.read(body);
        Prompt.Conversation prompt = new Prompt.Conversation(messages, tools.tools(), Map.of(),
                Conversations.continues(messages));
        return new MessagesRequest(prompt, model.options().withMaxTokens(maxTokens).withThinking(thinking.options()),
                form, tools.choice(), thinking.isOmitted());
    }

    private static Grammar form(Fields format, LanguageModel model) {
        Grammar form = JsonForms.of(model, format.name("schema"), format.value("schema"));
        format.end();
        return form;
    }

    private static SamplingOptions sampling(Fields body, SamplingOptions otherwise) {
        SamplingOptions s = otherwise;
        Optional<Double> temperature = body.number("temperature");
        if (temperature.isPresent()) {
            s = s.withTemperature(temperature.get().floatValue());
        }
        Optional<Double> topP = body.number("top_p");
        if (topP.isPresent()) {
            // 0 keeps the most probable token alone.
            s = s.withTopP(Math.max(Float.MIN_NORMAL, topP.get().floatValue()));
        }
        return s.withTopK(body.integer("top_k").orElse(s.topK()));
    }
}
