package glia.engine.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A request on its way: its texts come one token after the other until all have ended. For any threads.
public final class Generation {
    /// How long a thread waits before it looks around, though nothing has come.
    private static final long LOOK_MILLIS = 50;

    private final Scheduler scheduler;
    private final GenerationRequest request;
    private final long submitted;
    private final ScheduledSequence[] samples;
    private final Completion[] completions;
    /// Why it shall end before it is done; null if it shall not.
    private volatile Finish wantedEnd;
    private volatile boolean done;
    private volatile boolean awaited;
    /// Whether the further samples have begun, or wait on their own. Belongs to whoever computes.
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

    /// Where a text is on its way.
    ///
    /// @param sample which text, from 0
    public SequenceState state(int sample) {
        return samples[sample].state();
    }

    /// Whether all texts have ended.
    public boolean isDone() {
        return done;
    }

    /// Ends all texts as they are, with [Finish#CANCELLED], by the next step.
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

    /// Why the texts shall end now; null if they shall not.
    Finish wantedEnd(long now) {
        if (wantedEnd == null && request.timeout().isPresent()
                && now - submitted >= request.timeout().get().toNanos()) {
            return Finish.TIMEOUT;
        }
        return wantedEnd;
    }

    /// Waits until all texts have ended. If the thread is interrupted meanwhile, they end with [Finish#INTERRUPTED],
    /// and its flag is set afterwards.
    ///
    /// @throws RuntimeException or Error what made the first of the texts that failed fail
    public List<Completion> await() {
        scheduler.await(this);
        completions().forEach(Completion::orThrow);
        return completions();
    }

    /// The texts that have ended, in the order of the samples.
    public List<Completion> completions() {
        synchronized (this) {
            List<Completion> ended = new ArrayList<>(Arrays.asList(completions));
            ended.removeIf(c -> c == null);
            return ended;
        }
    }

    /// The first text.
    Completion first() {
        synchronized (this) {
            return completions[0];
        }
    }

    /// A text has ended.
    ///
    /// @return whether it was the last, so that `finish` may follow
    boolean complete(int sample, Completion completion) {
        synchronized (this) {
            completions[sample] = completion;
            numEnded++;
            return numEnded == samples.length;
        }
    }

    /// Lets those go on who wait.
    void finish() {
        synchronized (this) {
            done = true;
            notifyAll();
        }
    }

    /// Tokens have come.
    void progress() {
        if (awaited) {
            synchronized (this) {
                progress++;
                notifyAll();
            }
        }
    }

    /// From now on tokens wake up a thread that waits.
    void listen() {
        awaited = true;
    }

    /// Waits until something has come since, or for a moment.
    ///
    /// @param seen what was returned the last time; at first -1
    long awaitProgress(long seen) throws InterruptedException {
        synchronized (this) {
            if (progress == seen && !done) {
                TimeUnit.MILLISECONDS.timedWait(this, LOOK_MILLIS);
            }
            return progress;
        }
    }
}
