package glia.engine.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// Which texts have a place among those that are computed, and which wait for one. A text gets a place when there is
/// memory for all its tokens and a margin for each that runs. Where memory is missing, sessions that nobody uses give
/// theirs, and then the youngest text of the lowest priority does. Belongs to whoever holds the scheduler's lock.
final class Places {
    /// Room that each running text should have when another is let in.
    private static final int MARGIN_TOKENS = 64;

    private final Steps steps;
    private final int maxSequences;
    private final boolean cachesPrefixes;
    private final AtomicInteger numWaiting;
    private final AtomicInteger numOpen;
    private final WaitingQueue queue = new WaitingQueue();
    private final List<ScheduledSequence> running = new ArrayList<>();
    private final List<Session> sessions = new ArrayList<>();
    /// Requests that were done in this step.
    private final List<Generation> done = new ArrayList<>();
    private long numPreemptions;

    /// @param numWaiting texts that have not begun
    /// @param numOpen requests that are not done
    Places(Steps steps, SchedulerOptions options, AtomicInteger numWaiting, AtomicInteger numOpen) {
        this.steps = steps;
        this.maxSequences = options.maxSequences();
        this.cachesPrefixes = options.cachesPrefixes();
        this.numWaiting = numWaiting;
        this.numOpen = numOpen;
    }

    /// The texts that have a place.
    List<ScheduledSequence> running() {
        return running;
    }

    List<Session> sessions() {
        return sessions;
    }

    /// How often a text had to give up its memory.
    long numPreemptions() {
        return numPreemptions;
    }

    /// All texts that run or wait for a place.
    List<ScheduledSequence> all() {
        List<ScheduledSequence> all = new ArrayList<>(running);
        queue.forEach(all::add);
        return all;
    }

    /// Lets a text wait for a place.
    void add(ScheduledSequence s) {
        queue.add(s);
    }

    /// Gives places to those that wait, as long as there are some.
    void admit() {
        while (!queue.isEmpty()) {
            ScheduledSequence s = queue.next();
            try {
                open(s);
            } catch (RuntimeException | Error e) {
                end(s, Finish.FAILED, Optional.of(e));
                continue;
            }
            if (!running.isEmpty() && (s.needsAll || running.getFirst().needsAll)) {
                return;
            }
            if (running.size() >= maxSequences) {
                if (!displace(s)) {
                    return;
                }
            } else if (running.isEmpty() || hasRoom(s)) {
                queue.admit(s);
                resume(s);
                if (s.state() == SequenceState.WAITING) {
                    numWaiting.decrementAndGet();
                    s.reused = s.computed.length();
                }
                s.become(SequenceState.PREFILLING);
                running.add(s);
            } else if (!evictIdle() && !displace(s)) {
                return;
            }
        }
    }

    private void open(ScheduledSequence s) {
        if (s.computed == null) {
            Optional<Session> session = s.request.session();
            s.computed = session.isPresent() ? session.get().resume(steps, s.request.prompt()) : steps.open(false);
        }
    }

    /// Begins with what others have computed. Only now, since a text that waits must not hold their memory.
    private void resume(ScheduledSequence s) {
        if (cachesPrefixes && s.request.session().isEmpty()) {
            s.computed.close();
            s.computed = steps.resume(s.request.cacheKey(), Arrays.copyOf(s.tokens(), s.length()));
        }
    }

    /// Forgets what was computed with weights as they were, but for the texts that run.
    void forget() {
        steps.forget();
        for (ScheduledSequence s : running) {
            s.isStale = true;
        }
        for (Session session : sessions) {
            if (session.isIdle()) {
                session.drop();
            }
        }
    }

    /// Leaves what is computed of a text to others.
    ///
    /// @param whole whether nothing more comes of it for now
    void leave(ScheduledSequence s, boolean whole) {
        if (cachesPrefixes && !s.isStale && s.request.session().isEmpty() && s.computed.length() > 0) {
            s.computed.leave(s.request.cacheKey(), s.tokens(), whole);
        }
    }

    private boolean hasRoom(ScheduledSequence candidate) {
        long wanted = bytesWithMargin(candidate);
        for (int i = 0; i < running.size(); i++) {
            wanted += bytesWithMargin(running.get(i));
        }
        return wanted <= steps.freeBytes();
    }

    private static long bytesWithMargin(ScheduledSequence s) {
        return s.computed.bytesToAppend(s.remaining() + MARGIN_TOKENS, s.sourceToRead());
    }

    /// Preempts a text of lower priority.
    private boolean displace(ScheduledSequence s) {
        ScheduledSequence victim = victim();
        if (victim.gainedPriority >= s.request.priority()) {
            return false;
        }
        preempt(victim);
        return true;
    }

    /// A further sample begins where the first one has prefilled the prompt.
    ///
    /// @return whether there was a place and room for it; if not, it waits
    boolean begin(ScheduledSequence s, ScheduledSequence first) {
        if (running.size() < maxSequences) {
            s.computed = first.computed.fork();
            if (hasRoom(s)) {
                s.gainedPriority = first.gainedPriority;
                s.reused = s.request.prompt().length;
                numWaiting.decrementAndGet();
                queue.begin(s);
                running.add(s);
                s.become(SequenceState.DECODING);
                return true;
            }
            s.computed.keep(0);
        }
        queue.addFirst(s);
        return false;
    }

    /// Gives memory back: of a session that nobody uses, or of a text, which then waits.
    ///
    /// @return whether there was something to give; false if all memory belongs to one text
    boolean relieve() {
        if (evictIdle()) {
            return true;
        }
        if (running.size() < 2) {
            return false;
        }
        preempt(victim());
        return true;
    }

    /// A pass had no room for a text, though the pool seemed to have some. It is computed again, without others.
    ///
    /// @return false if there were no others: it does not fit
    boolean retryAlone(ScheduledSequence s) {
        if (s.needsAll && !evictIdle()) {
            return false;
        }
        s.needsAll = true;
        s.computed.keep(0);
        preempt(s);
        return true;
    }

    /// Drops what the session remembers that was used longest ago.
    private boolean evictIdle() {
        Session oldest = null;
        for (int i = 0; i < sessions.size(); i++) {
            Session session = sessions.get(i);
            if (session.isIdle() && (oldest == null || session.lastUse() < oldest.lastUse())) {
                oldest = session;
            }
        }
        if (oldest != null) {
            oldest.drop();
        }
        return oldest != null;
    }

    /// The text to preempt: of the lowest priority, of the key with the most texts, the youngest.
    private ScheduledSequence victim() {
        ScheduledSequence victim = running.getFirst();
        for (int i = 1; i < running.size(); i++) {
            if (isBetterVictim(running.get(i), victim)) {
                victim = running.get(i);
            }
        }
        return victim;
    }

    private boolean isBetterVictim(ScheduledSequence s, ScheduledSequence other) {
        if (s.gainedPriority != other.gainedPriority) {
            return s.gainedPriority < other.gainedPriority;
        }
        int more = queue.numRunning(s.request.fairnessKey()) - queue.numRunning(other.request.fairnessKey());
        return more > 0 || more == 0 && s.arrival > other.arrival;
    }

    /// Takes a text's memory and place; it waits before the others of its priority.
    void preempt(ScheduledSequence s) {
        leave(s, true);
        s.computed.keep(0);
        s.isStale = false;
        s.become(SequenceState.PREEMPTED);
        s.preemptions++;
        numPreemptions++;
        running.remove(s);
        queue.leave(s);
        queue.addFirst(s);
    }

    /// Ends a text that cannot go on. Samples that wait for its prompt go their own way.
    void fail(ScheduledSequence s, Throwable cause) {
        if (!s.generation.samplesBegun) {
            s.generation.samplesBegun = true;
            for (int i = 1; i < s.generation.samples().length; i++) {
                queue.add(s.generation.samples()[i]);
            }
        }
        end(s, Finish.FAILED, Optional.of(cause));
    }

    /// Ends a text, whether it runs or waits, and gives its memory back or leaves it to its session.
    void end(ScheduledSequence s, Finish finish, Optional<Throwable> failure) {
        if (s.state() == SequenceState.WAITING) {
            numWaiting.decrementAndGet();
        }
        if (s.state().isRunning()) {
            running.remove(s);
            queue.leave(s);
        } else {
            queue.remove(s);
        }
        if (s.request.session().isPresent()) {
            Session session = s.request.session().get();
            if (finish == Finish.FAILED || s.isStale) {
                session.drop();
            }
            session.end(s.tokens());
        } else if (s.computed != null) {
            if (finish != Finish.FAILED) {
                leave(s, true);
            }
            s.computed.close();
        }
        s.computed = null;
        Completion completion = completion(s, finish, failure);
        s.become(switch (completion.finish()) {
            case STOP, LENGTH, CONTEXT -> SequenceState.FINISHED;
            case CANCELLED, INTERRUPTED, TIMEOUT -> SequenceState.CANCELLED;
            case FAILED -> SequenceState.FAILED;
        });
        if (s.generation.complete(s.sample, completion)) {
            done.add(s.generation);
        }
    }

    private static Completion completion(ScheduledSequence s, Finish finish, Optional<Throwable> failure) {
        Completion completion = s.completion(finish, failure);
        try {
            s.request.listener().ended(s.sample, completion);
            return completion;
        } catch (Throwable e) {
            return s.completion(Finish.FAILED, Optional.of(failure.orElse(e)));
        }
    }

    /// Tells those who wait for requests that are done, after the model was given free: they may use it at once.
    void announce() {
        for (int i = 0; i < done.size(); i++) {
            numOpen.decrementAndGet();
            done.get(i).finish();
        }
        done.clear();
    }
}
