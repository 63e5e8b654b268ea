package glia.engine.answer;

import glia.engine.sampling.StopCriteria;
import glia.engine.thinking.ThinkingPlan;
import glia.engine.thinking.ThinkingTracker;
import glia.text.template.ToolCall;
import glia.text.thinking.ThinkingSplitter;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import glia.text.tool.ToolCallParser;
import glia.text.tool.ToolProblem;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The text of one answer: decodes its tokens, separates thinking and tool calls, looks for stop strings. Called by the
/// thread that computes, one call at a time; what is found goes to a consumer of events, in the order of the answer: no
/// text that was held back comes after a call, or thinking, that it stands before. A stop string never spans these.
public final class AnswerText implements ThinkingSplitter.Receiver, ToolCallParser.Receiver {
    private final Consumer<AnswerEvent> events;
    private final int sample;
    private final Tokenizer tokenizer;
    private final Predicate<String> markers;
    private final StreamingDecoder decoder;
    private final StopCriteria stops;
    private final Optional<AnswerTools> tools;
    /// Separates the thinking; null for models that do not think.
    private final ThinkingTracker tracker;
    /// Separates tool calls; null without tools.
    private final ToolCallParser parser;
    private final boolean showsSpecial;
    /// The tokens that the answer needs before stop strings are looked for.
    private int left;
    private int numToolCalls;
    /// The names and arguments of complete calls.
    private final Set<Object> calls = new HashSet<>();
    /// Whether the last call that is allowed is complete.
    private boolean isCalled;

    /// @param plan the thinking; empty for models that do not think
    /// @param sample the number of the answer, which its events have
    /// @param events gets them on the thread that calls
    public AnswerText(Tokenizer tokenizer, TokenRules rules, List<String> stopTexts, Optional<ThinkingPlan> plan,
            Optional<AnswerTools> tools, int sample, Consumer<AnswerEvent> events) {
        this.events = events;
        this.sample = sample;
        this.tokenizer = tokenizer;
        this.tools = tools;
        this.markers = token -> tools.isPresent() && tools.get().format().isMarker(token);
        this.decoder = tokenizer.streamingDecoder(false);
        this.stops = new StopCriteria(rules.stops(tokenizer), stopTexts);
        this.showsSpecial = rules.showsSpecial();
        this.left = rules.minTokens();
        this.tracker = plan.isPresent() ? plan.get().tracker(markers, this) : null;
        this.parser = tools.isPresent() ? new ToolCallParser(tools.get().format(), tools.get().tools(), this) : null;
    }

    /// Takes the last token of a text that the answer continues, so that the answer keeps a space at its begin.
    public void follow(int token) {
        if (!tokenizer.isSpecial(token)) {
            decoder.accept(token);
        }
    }

    /// Takes a token.
    ///
    /// @return false if a stop string or a tool call ends the answer
    public boolean accept(int token) {
        left--;
        if (!stops.isStop(token)) {
            if (tracker != null) {
                tracker.accept(token);
            } else if (showsSpecial || !tokenizer.isSpecial(token) || markers.test(tokenizer.piece(token))) {
                answer(decoder.accept(token));
            }
        }
        return !stops.stopped() && !isCalled;
    }

    @Override
    public void thinking(String piece) {
        if (!piece.isEmpty()) {
            if (parser != null && !isCalled) {
                parser.interrupt();
            }
            send(stops.finish());
            events.accept(to -> to.thinking(sample, piece));
        }
    }

    @Override
    public void answer(String piece) {
        if (parser == null) {
            text(piece);
        } else if (!isCalled) {
            parser.accept(piece);
        }
    }

    /// An answer that must be calls has no text: what would be is the beginning of a call that was cut off.
    @Override
    public void text(String piece) {
        boolean isOfCalls = tools.isPresent() && tools.get().choice().isRequired();
        if (!isCalled && !isOfCalls) {
            send(left >= 0 ? piece : stops.accept(piece));
        }
    }

    private void send(String piece) {
        if (!piece.isEmpty()) {
            events.accept(to -> to.text(sample, piece));
        }
    }

    @Override
    public void begin(int index, String id, String name) {
        if (!isCalled) {
            send(stops.finish());
            numToolCalls++;
            String known = id.isEmpty() ? newId(index, name) : id;
            events.accept(to -> to.toolCall(sample, index, known, name));
        }
    }

    private String newId(int index, String name) {
        return tools.orElseThrow().format().newId(name, index, ThreadLocalRandom.current());
    }

    @Override
    public void arguments(int index, String piece) {
        if (!isCalled) {
            events.accept(to -> to.toolArguments(sample, index, piece));
        }
    }

    @Override
    public void end(int index, ToolCall call) {
        ToolChoice choice = tools.orElseThrow().choice();
        boolean isRepeated = !calls.add(List.of(call.name(), call.arguments()));
        isCalled = !choice.isParallel()
                || choice.isRequired() && (isRepeated || numToolCalls >= ToolChoice.MOST_REQUIRED);
    }

    /// The text of a call that cannot be read is part of the answer, unless the call has begun.
    @Override
    public void problem(ToolProblem problem) {
        if (problem.index() < 0) {
            text(problem.text());
        }
    }

    /// Ends the text: what was held back is part of it.
    public void finish() {
        if (tracker == null) {
            answer(decoder.finish());
        } else {
            tracker.finish();
        }
        if (parser != null && !isCalled) {
            parser.finish();
        }
        if (!isCalled) {
            send(stops.finish());
        }
    }

    /// The stop string that ended the answer.
    public Optional<String> stop() {
        return stops.found();
    }

    /// The number of tool calls so far.
    public int numToolCalls() {
        return numToolCalls;
    }

    /// The number of tokens of thinking so far.
    public int thinkingTokens() {
        return tracker == null ? 0 : tracker.tokens();
    }

    /// Whether the next token is part of the thinking or its end.
    public boolean isThinking() {
        return tracker != null && tracker.isThinking();
    }

    /// Whether the thinking, if any, has ended.
    public boolean isAnswer() {
        return tracker == null || tracker.isAnswer();
    }
}
