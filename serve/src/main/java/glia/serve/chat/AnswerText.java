package glia.serve.chat;

import glia.engine.sampling.StopCriteria;
import glia.engine.thinking.ThinkingPlan;
import glia.engine.thinking.ThinkingTracker;
import glia.text.thinking.ThinkingSplitter;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The text of one answer: decodes its tokens, separates the thinking, looks for stop strings. Called by the thread that
/// computes, one call at a time; what is found goes to a consumer of events.
final class AnswerText implements ThinkingSplitter.Receiver {
    private final Consumer<AnswerEvent> events;
    private final int sample;
    private final StreamingDecoder decoder;
    private final StopCriteria stops;
    /// Separates the thinking; null for models that do not think.
    private final ThinkingTracker tracker;

    /// @param skipSpecial whether special tokens have no text
    AnswerText(Tokenizer tokenizer, Set<Integer> stopTokens, List<String> stopTexts, Optional<ThinkingPlan> plan,
            boolean skipSpecial, int sample, Consumer<AnswerEvent> events) {
        this.events = events;
        this.sample = sample;
        this.decoder = tokenizer.streamingDecoder(skipSpecial);
        this.stops = new StopCriteria(stopTokens, stopTexts);
        this.tracker = plan.isPresent() ? plan.get().tracker(this) : null;
    }

    /// Takes the last token of a text that the answer continues, so that the answer keeps a space at its begin.
    void follow(int token) {
        decoder.accept(token);
    }

    /// Takes a token.
    ///
    /// @return false if a stop string ends the answer
    boolean accept(int token) {
        if (!stops.isStop(token)) {
            if (tracker == null) {
                answer(decoder.accept(token));
            } else {
                tracker.accept(token);
            }
        }
        return !stops.stopped();
    }

    @Override
    public void thinking(String piece) {
        if (!piece.isEmpty()) {
            events.accept(new AnswerEvent.Thinking(sample, piece));
        }
    }

    @Override
    public void answer(String piece) {
        text(stops.accept(piece));
    }

    private void text(String piece) {
        if (!piece.isEmpty()) {
            events.accept(new AnswerEvent.Text(sample, piece));
        }
    }

    /// Ends the text: what was held back is part of it.
    void finish() {
        if (tracker == null) {
            answer(decoder.finish());
        } else {
            tracker.finish();
        }
        text(stops.finish());
    }

    /// The stop string that ended the answer.
    Optional<String> stop() {
        return stops.found();
    }

    int numToolCalls() {
        return 0;
    }

    int thinkingTokens() {
        return tracker == null ? 0 : tracker.tokens();
    }
}
