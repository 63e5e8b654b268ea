package glia.engine.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A submitted request and its samples. For any threads.
public final class Generation {
    /// The longest wait between two checks for progress.
    private static final long LOOK_MILLIS = 50;

    private final Scheduler scheduler;
    private final GenerationRequest request;
    private final long submitted;
    private final ScheduledSequence[] samples;
    private final Completion[] completions;
    /// Why it is to end early; null if it is not.
    private volatile Finish wantedEnd;
    private volatile boolean done;
    private volatile boolean awaited;
    /// Whether the further samples have started or are queued. Guarded by the scheduler's claim of the engine.
    boolean samplesBegun;
    private int numEnded;
    private long progress;

    Generation(Scheduler scheduler, GenerationRequest request, long firstArrival) {
        this.scheduler = scheduler;
        this.request = request;
        this.submitted = System.nanoTime();
        samples = new ScheduledSequence[request.numSamples()];
        completions = new Completion[samples.length];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = new ScheduledSequence(this, i, firstArrival + i);
        }
    }

    GenerationRequest request() {
        return request;
    }

    ScheduledSequence[] samples() {
        return samples;
    }

    /// When it was submitted, by `System.nanoTime()`.
    long submitted() {
        return submitted;
    }

    /// The state of a sample.
    ///
    /// @param sample its number, from 0
    public SequenceState state(int sample) {
        return samples[sample].state();
    }

    /// Whether all samples have ended.
    public boolean isDone() {
        return done;
    }

    /// Ends all samples with [Finish#CANCELLED] before the next step.
    public void cancel() {
        end(Finish.CANCELLED);
        scheduler.endNow();
    }

    void end(Finish finish) {
        if (wantedEnd == null) {
            wantedEnd = finish;
            scheduler.endsWanted();
        }
    }

    /// Why the samples are to end now; null if they are not.
    Finish wantedEnd(long now) {
        if (wantedEnd == null && request.timeout().isPresent()
                && now - submitted >= request.timeout().get().toNanos()) {
            return Finish.TIMEOUT;
        }
        return wantedEnd;
    }

    /// Waits until all samples have ended. If the thread is interrupted, they end with [Finish#INTERRUPTED], and the
    /// thread's interrupt flag is set.
    ///
    /// @throws RuntimeException or Error the cause of the first failure
    public List<Completion> await() {
        scheduler.await(this);
        completions().forEach(Completion::orThrow);
        return completions();
    }

    /// The samples that have ended, in order.
    public List<Completion> completions() {
        synchronized (this) {
            List<Completion> ended = new ArrayList<>(Arrays.asList(completions));
            ended.removeIf(c -> c == null);
            return ended;
        }
    }

    /// The first sample.
    Completion first() {
        synchronized (this) {
            return completions[0];
        }
    }

    /// Records the end of a sample.
    ///
    /// @return whether it was the last
    boolean complete(int sample, Completion completion) {
        synchronized (this) {
            completions[sample] = completion;
            numEnded++;
            return numEnded == samples.length;
        }
    }

    /// Wakes the waiting threads.
    void finish() {
        synchronized (this) {
            done = true;
            notifyAll();
        }
    }

    /// Reports new tokens.
    void progress() {
        if (awaited) {
            synchronized (this) {
                progress++;
                notifyAll();
            }
        }
    }

    /// Makes `progress` wake a waiting thread.
    void listen() {
        awaited = true;
    }

    /// Waits for progress since the last call, at most 50 ms.
    ///
    /// @param seen the last return value; -1 at first
    long awaitProgress(long seen) throws InterruptedException {
        synchronized (this) {
            if (progress == seen && !done) {
                TimeUnit.MILLISECONDS.timedWait(this, LOOK_MILLIS);
            }
            return progress;
        }
    }
}
