package glia.engine.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// Admission and preemption: the sequences that run and those that wait. A sequence is admitted when there is memory
/// for all its tokens and a margin for each running sequence. When memory is short, idle sessions are dropped first,
/// then the youngest sequence of the lowest priority is preempted. Requires a claim of the engine.
final class Admission {
    /// Tokens that each running sequence must have room for when another is admitted.
    private static final int MARGIN_TOKENS = 64;

    private final ModelRunner runner;
    private final int maxSequences;
    private final boolean cachesPrefixes;
    private final WaitingCount numWaiting;
    private final AtomicInteger numOpen;
    private final WaitingQueue queue = new WaitingQueue();
    private final List<ScheduledSequence> running = new ArrayList<>();
    private final List<Session> sessions = new ArrayList<>();
    /// Requests that were done in this step.
    private final List<Generation> done = new ArrayList<>();
    private volatile int numRunning;
    private volatile long numPreemptions;

    /// @param numWaiting sequences that have not started
    /// @param numOpen requests that are not done
    Admission(ModelRunner runner, SchedulerOptions options, WaitingCount numWaiting, AtomicInteger numOpen) {
        this.runner = runner;
        this.maxSequences = options.maxSequences();
        this.cachesPrefixes = options.cachesPrefixes();
        this.numWaiting = numWaiting;
        this.numOpen = numOpen;
    }

    /// The running sequences.
    List<ScheduledSequence> running() {
        return running;
    }

    List<Session> sessions() {
        return sessions;
    }

    /// The number of running sequences. For any thread.
    int numRunning() {
        return numRunning;
    }

    /// The number of preemptions. For any thread.
    long numPreemptions() {
        return numPreemptions;
    }

    /// All running and waiting sequences.
    List<ScheduledSequence> all() {
        List<ScheduledSequence> all = new ArrayList<>(running);
        queue.forEach(all::add);
        return all;
    }

    /// Adds a waiting sequence.
    void add(ScheduledSequence s) {
        queue.add(s);
    }

    /// Admits waiting sequences while there is room.
    void admit() {
        while (!queue.isEmpty()) {
            ScheduledSequence s = queue.next();
            try {
                open(s);
            } catch (RuntimeException | Error e) {
                end(s, Finish.FAILED, Optional.of(e));
                continue;
            }
            if (running.size() >= maxSequences) {
                if (!displace(s)) {
                    return;
                }
            } else if (running.isEmpty() || hasRoom(s)) {
                queue.admit(s);
                resume(s);
                s.reused = s.state() == SequenceState.WAITING ? s.computed.length() : s.reused;
                begin(s, SequenceState.PREFILLING);
            } else if (!evictIdle() && !displace(s)) {
                return;
            }
        }
    }

    private void open(ScheduledSequence s) {
        if (s.computed == null) {
            Optional<Session> session = s.request.session();
            s.computed = session.isPresent()
                    ? session.get().resume(runner, s.request) : runner.open(false);
            s.computed.useAdapter(s.request.adapter());
            s.computed.useSteering(s.request.steering());
            s.computed.useRows(s.request.embedded());
        }
    }

    /// Takes a prefix from the prefix cache. Not earlier, since waiting sequences must not hold its blocks.
    private void resume(ScheduledSequence s) {
        if (cachesPrefixes && s.request.session().isEmpty()) {
            s.computed.close();
            s.computed = runner.resume(s.request.cacheKey(), Arrays.copyOf(s.tokens(), s.length()),
                    s.request.embedded(), false);
            s.computed.useRows(s.request.embedded());
            s.computed.useAdapter(s.request.adapter());
            s.computed.useSteering(s.request.steering());
        }
    }

    /// Drops the prefix cache and idle sessions after an update of the weights; running sequences keep their state.
    void dropCached() {
        runner.clearPrefixCache();
        for (ScheduledSequence s : running) {
            s.isStale = true;
        }
        for (Session session : sessions) {
            if (session.isIdle()) {
                session.drop();
            }
        }
    }

    /// Inserts the computed tokens of a sequence into the prefix cache.
    ///
    /// @param whole whether the sequence ends or is preempted
    void leave(ScheduledSequence s, boolean whole) {
        boolean hasSession = s.request.session().isPresent();
        if (cachesPrefixes && !s.isStale && s.computed.length() > 0 && (!hasSession || runner.keepsPrompts())) {
            s.computed.leave(s.request.cacheKey(), s.tokens(), whole && !hasSession);
        }
    }

    /// Keeps what a chunk of a prompt has added on disk, if prompts are kept there.
    void keep(ScheduledSequence s) {
        if (runner.keepsPrompts()) {
            leave(s, false);
        }
    }

    private boolean hasRoom(ScheduledSequence candidate) {
        long wanted = bytesWithMargin(candidate);
        for (int i = 0; i < running.size(); i++) {
            wanted += bytesWithMargin(running.get(i));
        }
        return wanted <= runner.freeBytes();
    }

    private static long bytesWithMargin(ScheduledSequence s) {
        return s.computed.bytesToAppend(s.remaining() + MARGIN_TOKENS, s.sourceToRead());
    }

    /// Preempts a sequence of lower priority, or of a key that runs more than its share: long answers of one caller do
    /// not keep others waiting.
    private boolean displace(ScheduledSequence s) {
        ScheduledSequence victim = victim();
        boolean isUnfair = victim.gainedPriority <= s.gainedPriority
                && queue.numRunning(victim.request.fairnessKey()) > queue.numRunning(s.request.fairnessKey()) + 1;
        if (victim.gainedPriority >= s.request.priority() && !isUnfair) {
            return false;
        }
        preempt(victim);
        return true;
    }

    /// Starts a further sample as a fork of the first, which has prefilled the prompt.
    ///
    /// @return false if there was no room: then it waits
    boolean begin(ScheduledSequence s, ScheduledSequence first) {
        if (running.size() < maxSequences) {
            s.computed = first.computed.fork();
            if (hasRoom(s)) {
                s.gainedPriority = first.gainedPriority;
                s.reused = s.request.prompt().length;
                queue.begin(s);
                begin(s, SequenceState.DECODING);
                return true;
            }
            s.computed.keep(0);
        }
        queue.addFirst(s);
        return false;
    }

    /// Counted as running before it no longer counts as waiting, so that others see it all the time.
    private void begin(ScheduledSequence s, SequenceState state) {
        running.add(s);
        numRunning = running.size();
        if (s.state() == SequenceState.WAITING) {
            numWaiting.remove(s.request.fairnessKey(), 1);
        }
        s.become(state);
    }

    private void remove(ScheduledSequence s) {
        running.remove(s);
        numRunning = running.size();
        queue.leave(s);
    }

    /// Frees memory: drops an idle session or preempts a sequence.
    ///
    /// @return false if all memory belongs to one sequence
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

    /// Drops the least recently used idle session.
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

    /// The sequence to preempt: of the lowest priority, of the key with the most running sequences, the youngest.
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

    /// Preempts a sequence: frees its memory and queues it before the others of its priority.
    void preempt(ScheduledSequence s) {
        leave(s, true);
        s.computed.keep(0);
        s.isStale = false;
        s.become(SequenceState.PREEMPTED);
        s.preemptions++;
        numPreemptions++;
        remove(s);
        queue.addFirst(s);
    }

    /// Ends a sequence that failed. Samples that wait for its prompt are queued on their own.
    void fail(ScheduledSequence s, Throwable cause) {
        if (!s.generation.samplesBegun) {
            s.generation.samplesBegun = true;
            for (int i = 1; i < s.generation.samples().length; i++) {
                queue.add(s.generation.samples()[i]);
            }
        }
        end(s, Finish.FAILED, Optional.of(cause));
    }

    /// Ends a running or waiting sequence; its memory is freed or kept by its session.
    void end(ScheduledSequence s, Finish finish, Optional<Throwable> failure) {
        if (s.state() == SequenceState.WAITING) {
            numWaiting.remove(s.request.fairnessKey(), 1);
        }
        if (s.state().isRunning()) {
            remove(s);
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
            case STOP, LENGTH, CONTEXT, REPETITION -> SequenceState.FINISHED;
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

    /// Wakes the waiting threads of finished requests, after the engine was released.
    void announce() {
        for (int i = 0; i < done.size(); i++) {
            numOpen.decrementAndGet();
            done.get(i).finish();
        }
        done.clear();
    }
}
