package glia.engine.schedule;

import glia.engine.state.StateMemoryException;
import glia.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/// Continuous batching: each step decodes one token of every decoding sequence, with draft tokens (speculative
/// decoding), and fills the rest of its token budget with chunks of prompts (chunked prefill). Sequences enter and
/// leave between steps.
///
/// A preempted sequence is prefilled again from all its tokens and keeps its sampler, so its text does not change. An
/// error of one sequence ends that sequence; an error of a pass ends all sequences of the pass.
///
/// All methods but `submit` require a claim of the engine.
final class Batcher {
    private static final int[] NO_SOURCE = {};
    /// How often a pass is tried again for which the heap has no room, and the time between two tries.
    private static final int MOST_RETRIES = 3;
    private static final long RETRY_NANOS = 50_000_000;

    /// The time between two looks at masks where no sequence can go on.
    private static final long WAIT_NANOS = 500_000;

    private final ModelRunner runner;
    private final int vocabSize;
    private final Admission admission;
    private final DraftStep drafts;
    private final PassPlan plan;
    private final SamplingStep sampling;
    private final Queue<Generation> inbox = new ConcurrentLinkedQueue<>();
    private boolean hasTimeouts;

    Batcher(ModelRunner runner, Admission admission, SchedulerOptions options, int vocabSize, int contextLength) {
        this.runner = runner;
        this.vocabSize = vocabSize;
        this.admission = admission;
        this.drafts = new DraftStep(runner, options.drafting(), contextLength);
        this.plan = new PassPlan(options.tokenBudget(), drafts);
        this.sampling = new SamplingStep(admission, runner.kernels(), options.temperature(), vocabSize,
                contextLength);
    }

    /// Queues a request for the next step. For any thread.
    void submit(Generation generation) {
        inbox.add(generation);
    }

    /// Runs one step: admits sequences, computes a pass, samples tokens.
    ///
    /// @param endsWanted whether a request may have been cancelled
    void step(boolean endsWanted) {
        takeIn();
        if (endsWanted || hasTimeouts) {
            endEarly();
        }
        admission.admit();
        boolean waits = findWaiting();
        plan.make(admission.running());
        if (waits && plan.planned().isEmpty()) {
            LockSupport.parkNanos(this, WAIT_NANOS);
            return;
        }
        draft();
        long start = System.nanoTime();
        Tensor logits = compute();
        if (logits != null) {
            long nanos = System.nanoTime() - start;
            plan.report(nanos);
            sampling.run(plan.planned(), logits);
            drafts.report(plan.planned(), nanos);
        }
    }

    /// Finds the sequences whose masks take long: they wait, and the pass is for the others.
    ///
    /// @return whether there is any
    private boolean findWaiting() {
        List<ScheduledSequence> running = admission.running();
        boolean waits = false;
        // Backwards, since those that fail are removed.
        for (int i = running.size() - 1; i >= 0; i--) {
            ScheduledSequence s = running.get(i);
            try {
                s.waits = !s.isReady(vocabSize);
                waits |= s.waits;
            } catch (Throwable e) {
                admission.fail(s, e);
            }
        }
        return waits;
    }

    private void draft() {
        try {
            drafts.draft(plan.planned());
        } catch (Throwable e) {
            fail(plan.planned(), e);
        }
    }

    private void takeIn() {
        Generation next = inbox.poll();
        while (next != null) {
            hasTimeouts |= next.request().timeout().isPresent();
            admission.add(next.samples()[0]);
            next = inbox.poll();
        }
    }

    private void endEarly() {
        long now = System.nanoTime();
        hasTimeouts = false;
        for (ScheduledSequence s : admission.all()) {
            Finish finish = s.generation.wantedEnd(now);
            if (finish != null) {
                end(s.generation, finish, Optional.empty());
            }
            hasTimeouts |= finish == null && s.request.timeout().isPresent();
        }
    }

    /// Ends all sequences of a request that have not ended.
    void end(Generation generation, Finish finish, Optional<Throwable> failure) {
        takeIn();
        for (ScheduledSequence s : generation.samples()) {
            if (!s.state().isEnd()) {
                admission.end(s, finish, failure);
            }
        }
    }

    /// Ends all requests.
    void endAll(Finish finish, Optional<Throwable> failure) {
        takeIn();
        for (ScheduledSequence s : admission.all()) {
            end(s.generation, finish, failure);
        }
    }

    /// Computes the planned pass. Sequences that are preempted or fail leave the plan.
    ///
    /// @return the logits; null if the plan is empty
    private Tensor compute() {
        List<ScheduledSequence> planned = plan.planned();
        int numRetries = 0;
        while (!planned.isEmpty()) {
            try {
                if (gather(planned)) {
                    return runner.run();
                }
            } catch (StateMemoryException e) {
                if (!drafts.drop(planned) && !relieve()) {
                    fail(planned, e);
                }
            } catch (OutOfMemoryError e) {
                // Work of other threads may have filled the heap. It fails as well, and frees it.
                runner.discard();
                if (numRetries++ == MOST_RETRIES) {
                    fail(planned, e);
                }
                LockSupport.parkNanos(this, RETRY_NANOS);
            } catch (Throwable e) {
                fail(planned, e);
            }
        }
        return null;
    }

    private boolean relieve() {
        boolean relieved = admission.relieve();
        plan.planned().removeIf(s -> s.state() == SequenceState.PREEMPTED);
        return relieved;
    }

    private boolean gather(List<ScheduledSequence> planned) {
        for (int i = 0; i < planned.size(); i++) {
            ScheduledSequence s = planned.get(i);
            try {
                if (s.state() == SequenceState.DECODING) {
                    runner.decode(s.computed, s.lastToken(), s.drafts);
                } else {
                    int from = s.computed.length();
                    runner.prefill(s.computed, s.sourceToRead() > 0 ? s.request.source() : NO_SOURCE, s.tokens(), from,
                            from + s.planned, s.length());
                }
            } catch (StateMemoryException e) {
                runner.discard();
                throw e;
            } catch (Throwable e) {
                runner.discard();
                planned.remove(i);
                admission.fail(s, e);
                return false;
            }
        }
        return true;
    }

    private void fail(List<ScheduledSequence> planned, Throwable cause) {
        for (ScheduledSequence s : planned) {
            admission.fail(s, cause);
        }
        planned.clear();
    }
}
