package glia.engine.schedule;

import glia.engine.state.StateMemoryException;
import glia.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Continuous batching: each step takes the next token of every text that decodes and fills the rest of its budget with
/// chunks of prompts, so that a long prompt holds up no other text. Texts come and go between steps.
///
/// A text that had to give up its memory is computed again from all its tokens, with the same sampler, so the same
/// tokens follow. What goes wrong with one text ends this text; what goes wrong with a pass ends the texts in it.
///
/// All but `submit` belongs to whoever holds the scheduler's lock.
final class Batcher {
    private static final int[] NO_SOURCE = {};

    private final Steps steps;
    private final Places places;
    private final PassPlan plan;
    private final Delivery delivery;
    private final Queue<Generation> inbox = new ConcurrentLinkedQueue<>();
    private boolean hasTimeouts;

    Batcher(Steps steps, Places places, SchedulerOptions options, int vocabSize, int contextLength) {
        this.steps = steps;
        this.places = places;
        this.plan = new PassPlan(options.tokenBudget(), steps.tokensPerDecode());
        this.delivery = new Delivery(places, steps.kernels(), vocabSize, contextLength);
    }

    /// Takes a request, for the next step. For any thread.
    void submit(Generation generation) {
        inbox.add(generation);
    }

    /// Does one step: lets texts in, computes a pass, chooses tokens.
    ///
    /// @param endsWanted whether a text may have to end early
    void step(boolean endsWanted) {
        takeIn();
        if (endsWanted || hasTimeouts) {
            endEarly();
        }
        places.admit();
        plan.make(places.running());
        Tensor logits = compute();
        if (logits != null) {
            delivery.deliver(plan.planned(), logits);
        }
    }

    private void takeIn() {
        Generation next = inbox.poll();
        while (next != null) {
            hasTimeouts |= next.request().timeout().isPresent();
            places.add(next.samples()[0]);
            next = inbox.poll();
        }
    }

    private void endEarly() {
        long now = System.nanoTime();
        hasTimeouts = false;
        for (ScheduledSequence s : places.all()) {
            Finish finish = s.generation.wantedEnd(now);
            if (finish != null) {
                end(s.generation, finish, Optional.empty());
            }
            hasTimeouts |= finish == null && s.request.timeout().isPresent();
        }
    }

    /// Ends all texts of a request that have not ended.
    void end(Generation generation, Finish finish, Optional<Throwable> failure) {
        takeIn();
        for (ScheduledSequence s : generation.samples()) {
            if (!s.state().isEnd()) {
                places.end(s, finish, failure);
            }
        }
    }

    /// Ends everything.
    void endAll(Finish finish, Optional<Throwable> failure) {
        takeIn();
        for (ScheduledSequence s : places.all()) {
            end(s.generation, finish, failure);
        }
    }

    /// Computes what is planned. Texts that have to give up their memory, or fail, leave the plan.
    ///
    /// @return the logits; null if nothing is left in the plan
    private Tensor compute() {
        List<ScheduledSequence> planned = plan.planned();
        while (!planned.isEmpty()) {
            if (!gather(planned)) {
                continue;
            }
            try {
                return steps.run();
            } catch (StateMemoryException e) {
                if (!relieve()) {
                    fail(planned, e);
                }
            } catch (Throwable e) {
                fail(planned, e);
            }
        }
        return null;
    }

    private boolean relieve() {
        boolean relieved = places.relieve();
        plan.planned().removeIf(s -> s.state() == SequenceState.PREEMPTED);
        return relieved;
    }

    private boolean gather(List<ScheduledSequence> planned) {
        for (int i = 0; i < planned.size(); i++) {
            ScheduledSequence s = planned.get(i);
            try {
                if (s.state() == SequenceState.DECODING) {
                    steps.decode(s.computed, s.lastToken());
                } else {
                    int from = s.computed.length();
                    steps.prefill(s.computed, s.sourceToRead() > 0 ? s.request.source() : NO_SOURCE, s.tokens(), from,
                            from + s.planned, s.length());
                }
            } catch (Throwable e) {
                steps.discard();
                planned.remove(i);
                places.fail(s, e);
                return false;
            }
        }
        return true;
    }

    private void fail(List<ScheduledSequence> planned, Throwable cause) {
        for (ScheduledSequence s : planned) {
            places.fail(s, cause);
        }
        planned.clear();
    }
}
