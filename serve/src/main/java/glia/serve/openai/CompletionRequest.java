package glia.serve.openai;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.TokenRules;
import glia.engine.call.GenerationCall;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.engine.state.ContextFullException;
import glia.serve.http.Exchange;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.tokenizer.FillInMiddle;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// A request for completions.
///
/// @param prompts what to continue
/// @param calls one for each prompt; empty if only prompts are wanted
/// @param samples choices of each prompt
/// @param echo whether the prompt is part of the text
/// @param alternatives most probable tokens to list; -1 for no log-probabilities
/// @param returnsIds whether choices have token ids
/// @param streams whether the response is streamed
/// @param withUsage whether a stream ends with the usage
record CompletionRequest(Tokenizer tokenizer, CompletionPrompts prompts, List<GenerationCall> calls, int samples,
        boolean echo, int alternatives, boolean returnsIds, boolean streams, boolean withUsage) {
    private static final int MOST_PROMPTS = 256;

    static CompletionRequest read(Fields body, Exchange exchange, LanguageModel model) {
        boolean streams = body.flag("stream");
        boolean withUsage = ChatCompletions.usage(body, streams);
        boolean echo = body.flag("echo");
        OptionalInt logProbabilities = body.integer("logprobs");
        boolean returnsIds = body.flag("return_token_ids");
        Optional<String> suffix = body.text("suffix").filter(text -> !text.isEmpty());
        Optional<FillInMiddle> between = suffix.map(text -> FillInMiddle.of(model.tokenizer()).orElseThrow(() ->
                ServeException.badField("suffix", FillInMiddle.NONE + "; leave it out, or use another model")));
        boolean addsSpecial = body.flag("add_special_tokens");
        CompletionPrompts prompts = between.isPresent() ? between(body, between.get(), suffix.get())
                : CompletionPrompts.read(body, "prompt", model, MOST_PROMPTS, addsSpecial);
        int samples = body.integer("n", 1, exchange.limits().samples()).orElse(1);
        int most = body.integer("max_tokens")
                .orElse(body.integer("max_completion_tokens").orElse(OpenAiFields.USUAL_TOKENS));
        if (most == 0 && !echo) {
            throw ServeException.badField("max_tokens", "found 0 without echo, expected at least 1");
        }
        if (most > 0 && echo && logProbabilities.isPresent()) {
            // The prompt's scores are there before the first token, so a prompt without room fails early.
            prompts.ids().forEach(ids -> requireRoom(ids, model));
        }
        GenerationOptions options = Sampling.read(body, model).withMaxTokens(most);
        Optional<Grammar> grammar = StructuredFields.read(body, model);
        TokenRules rules = Sampling.tokenRules(body, model)
                .withStops(between.map(FillInMiddle::ends).orElse(Set.of()));
        int alternatives = logProbabilities.orElse(-1);
        List<GenerationCall> calls = new ArrayList<>();
        for (int i = 0; most > 0 && i < prompts.ids().size(); i++) {
            GenerationCall call = new GenerationCall(new Prompt.Tokens(prompts.ids().get(i)), options,
                    exchange.terms()).withSamples(samples);
            call = alternatives >= 0 || returnsIds ? call.withLogProbabilities(Math.max(0, alternatives)) : call;
            call = grammar.isPresent() ? call.withGrammar(grammar.get()) : call;
            calls.add(call.withTokenRules(rules));
        }
        return new CompletionRequest(model.tokenizer(), prompts, calls, samples, echo, alternatives, returnsIds,
                streams, withUsage);
    }

    private static CompletionPrompts between(Fields body, FillInMiddle form, String suffix) {
        Object prompt = body.value("prompt");
        if (!(prompt instanceof String prefix)) {
            throw Fields.wrong(body.name("prompt"), prompt, "one string with suffix");
        }
        return CompletionPrompts.between(form, prefix, suffix, List.of());
    }

    private static void requireRoom(int[] ids, LanguageModel model) {
        if (ids.length >= model.contextLength()) {
            throw new ContextFullException(ids.length, model.contextLength());
        }
    }

    /// Whether the prompts' tokens need log-probabilities.
    boolean scoresPrompts() {
        return echo && alternatives >= 0;
    }
}
