package glia.integrations;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.CollectedAnswer.Call;
import glia.engine.answer.ToolChoice;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Runs conversations of other libraries on a model in the same process.
public final class EngineCalls {
    private static final Duration LONGEST = Duration.ofHours(1);

    private EngineCalls() { }

    /// Options in the terms that these libraries share; null stands for the model's own value.
    ///
    /// @param temperature 0 or more
    /// @param topP more than 0, at most 1
    /// @param topK 0 for all
    /// @param frequencyPenalty -2 to 2
    /// @param presencePenalty -2 to 2
    /// @param maxTokens the most tokens of an answer
    /// @param stops stop strings
    public record Settings(Double temperature, Double topP, Integer topK, Double frequencyPenalty,
            Double presencePenalty, Integer maxTokens, List<String> stops) {
        /// @throws IllegalArgumentException if a value is outside its range; the message says which
        public GenerationOptions over(GenerationOptions own) {
            SamplingOptions s = own.sampling();
            s = temperature == null ? s : s.withTemperature(temperature.floatValue());
            s = topP == null ? s : s.withTopP(topP.floatValue());
            s = topK == null ? s : s.withTopK(topK);
            s = frequencyPenalty == null ? s : s.withFrequencyPenalty(frequencyPenalty.floatValue());
            s = presencePenalty == null ? s : s.withPresencePenalty(presencePenalty.floatValue());
            GenerationOptions options = own.withSampling(s);
            options = maxTokens == null ? options : options.withMaxTokens(maxTokens);
            return stops == null ? options : options.withStops(stops);
        }
    }

    /// A finished answer.
    ///
    /// @param text without the thinking
    /// @param thinking empty for none
    /// @param calls tool calls
    /// @param end why it ended, and its tokens
    public record Result(String text, String thinking, List<Call> calls, AnswerEnd end) { }

    /// Receives an answer while it is generated.
    public interface Pieces {
        /// A piece of the answer.
        void text(String piece);

        /// A piece of the thinking.
        default void thinking(String piece) { }

        /// A piece of a tool call's arguments.
        default void arguments(int index, Call begun, String piece) { }

        /// A tool call that is complete.
        default void call(int index, Call call) { }
    }

    /// Generates an answer on the calling thread.
    ///
    /// @param grammar the form of the answer, after the thinking; empty if it is free
    /// @param choice how the prompt's tools may be used
    /// @param isWanted asked between pieces: false cancels the answer
    /// @return the answer; empty if it was cancelled
    public static Optional<Result> run(LanguageModel model, Prompt.Conversation prompt, GenerationOptions options,
            Optional<Grammar> grammar, ToolChoice choice, Pieces pieces, BooleanSupplier isWanted) {
        GenerationCall call = new GenerationCall(prompt, options, "", "", LONGEST).withToolChoice(choice);
        call = grammar.isPresent() ? call.withGrammar(grammar.get()) : call;
        Collected collected = new Collected(pieces);
        new GenerationRun(model, call).run(collected, isWanted);
        return collected.result();
    }

    /// Passes pieces on while it collects them.
    private static final class Collected extends CollectedAnswer {
        private final Pieces pieces;
        private final List<Call> whole = new ArrayList<>();
        /// The call whose arguments are generated.
        private Call begun;

        Collected(Pieces pieces) {
            this.pieces = pieces;
        }

        @Override
        public void thinking(int sample, String piece) {
            super.thinking(sample, piece);
            pieces.thinking(piece);
        }

        @Override
        public void text(int sample, String piece) {
            super.text(sample, piece);
            pieces.text(piece);
        }

        @Override
        public void toolCall(int sample, int index, String id, String name) {
            completeCall();
            super.toolCall(sample, index, id, name);
            begun = new Call(id, name, "");
        }

        @Override
        public void toolArguments(int sample, int index, String piece) {
            super.toolArguments(sample, index, piece);
            pieces.arguments(index, begun, piece);
        }

        /// The last call is complete when the next one begins, or with the answer.
        private void completeCall() {
            int index = whole.size();
            if (index < numCalls()) {
                Call call = call(index);
                whole.add(call.arguments().isEmpty() ? new Call(call.id(), call.name(), "{}") : call);
                pieces.call(index, whole.getLast());
            }
        }

        @Override
        public void ended(int sample, AnswerEnd how) {
            completeCall();
            super.ended(sample, how);
        }

        Optional<Result> result() {
            return end().map(how -> new Result(text(), thinking(), List.copyOf(whole), how));
        }
    }
}
