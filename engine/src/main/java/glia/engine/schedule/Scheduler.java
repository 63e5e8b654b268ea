package glia.engine.schedule;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Shares a model among the requests of any threads, by continuous batching (Yu et al., "Orca", OSDI 2022).
///
/// One thread at a time computes, whichever holds the lock. A caller that is alone computes itself, so that no token
/// changes threads. As soon as there are two requests, or one that nobody waits for, a thread of the scheduler computes
/// for all, and callers hear their tokens on their own threads: a slow listener holds up no other text.
public final class Scheduler implements AutoCloseable {
    private static final long CLAIM_NANOS = 50_000;

    private final Steps steps;
    private final SchedulerOptions options;
    private final int vocabSize;
    private final int contextLength;
    /// Fair, so that a thread that computes in a loop lets others in between two steps.
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Batcher batcher;
    private final Places places;
    private final AtomicInteger numWaiting = new AtomicInteger();
    private final AtomicInteger numOpen = new AtomicInteger();
    private final AtomicLong numArrived = new AtomicLong();
    private final AtomicBoolean endsWanted = new AtomicBoolean();
    private final EngineThread thread = new EngineThread(() -> numOpen.get() > 0, this::stepForAll);
    private volatile boolean closed;

    /// @param vocabSize tokens from which samplers choose; logits beyond are padding
    /// @param contextLength the most tokens of a text
    public Scheduler(Steps steps, SchedulerOptions options, int vocabSize, int contextLength) {
        this.steps = steps;
        this.options = options;
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
        places = new Places(steps, options, numWaiting, numOpen);
        batcher = new Batcher(steps, places, options, vocabSize, contextLength);
    }

    /// Begins a request and returns at once.
    ///
    /// @throws QueueFullException if too many texts wait
    /// @throws ContextFullException if the prompt leaves no room for an answer
    /// @throws IllegalArgumentException if the prompt does not suit the model
    /// @throws IllegalStateException if another request uses its session, or the scheduler is closed
    public Generation submit(GenerationRequest request) {
        Generation generation = enqueue(request);
        thread.wake();
        return generation;
    }

    /// Answers a request for one text on the calling thread. If the thread is interrupted meanwhile, the text ends with
    /// [Finish#INTERRUPTED], and the thread's flag is set afterwards.
    ///
    /// @param goesOn called on this thread whenever something may have come: false ends the text with
    ///     [Finish#CANCELLED]; what it throws ends it too, and is thrown here
    /// @throws RuntimeException or Error what made the text fail, or `submit` throws
    public Completion generate(GenerationRequest request, BooleanSupplier goesOn) {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("a token listener or a sampler may not wait for the scheduler that calls "
                    + "it: use submit, or wait on another thread");
        }
        Generation generation = enqueue(request);
        drive(generation, goesOn);
        return generation.first().orThrow();
    }

    private Generation enqueue(GenerationRequest request) {
        check(request);
        int count = request.numSamples();
        if (numWaiting.addAndGet(count) > options.maxWaiting()) {
            throw new QueueFullException(numWaiting.addAndGet(-count), count, options.maxWaiting());
        }
        try {
            request.session().ifPresent(Session::begin);
        } catch (IllegalStateException e) {
            numWaiting.addAndGet(-count);
            throw e;
        }
        Generation generation = new Generation(this, request, numArrived.getAndAdd(count));
        numOpen.incrementAndGet();
        batcher.submit(generation);
        if (closed) {
            // It may have come after the last look at the queue.
            locked(() -> batcher.endAll(Finish.CANCELLED, Optional.empty()));
        }
        return generation;
    }

    private void requireOpen() {
        steps.requireOpen();
        if (closed) {
            throw new IllegalStateException("the scheduler is closed");
        }
    }

    private void check(GenerationRequest request) {
        requireOpen();
        if (request.session().isPresent() && !request.session().get().isOf(this)) {
            throw new IllegalArgumentException("the session was opened by another scheduler");
        }
        if (steps.hasEncoder() != request.source().length > 0) {
            throw new IllegalArgumentException(steps.hasEncoder() ? "an encoder-decoder needs a source of at least one "
                    + "token" : "the model has no encoder to read a source");
        }
        int length = Math.max(request.prompt().length, request.source().length);
        if (length >= contextLength) {
            throw new ContextFullException(length, contextLength);
        }
        checkIds("prompt", request.prompt());
        checkIds("source", request.source());
    }

    /// One token that does not exist would fail a pass, and all texts in it.
    private void checkIds(String what, int[] ids) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= steps.vocabSize()) {
                throw new IllegalArgumentException("token " + i + " of the " + what + " is " + ids[i]
                        + ", which is outside the vocabulary of " + steps.vocabSize());
            }
        }
    }

    /// Waits until a request is done.
    void await(Generation generation) {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("a token listener or a sampler may not wait for the scheduler that calls "
                    + "it");
        }
        drive(generation, () -> true);
    }

    /// Computes a request to its end, or lets the scheduler's thread do so where this one is not alone.
    private void drive(Generation generation, BooleanSupplier goesOn) {
        boolean interrupted = false;
        Throwable thrown = null;
        long seen = -1;
        while (!generation.isDone()) {
            if (Thread.interrupted()) {
                interrupted = true;
                generation.end(Finish.INTERRUPTED);
            }
            if (isAlone()) {
                step(generation);
            } else {
                generation.listen();
                thread.wake();
                try {
                    seen = generation.awaitProgress(seen);
                } catch (InterruptedException e) {
                    interrupted = true;
                    generation.end(Finish.INTERRUPTED);
                }
            }
            if (thrown == null) {
                thrown = ask(goesOn, generation);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
    }

    private static Throwable ask(BooleanSupplier goesOn, Generation generation) {
        try {
            if (!goesOn.getAsBoolean()) {
                generation.end(Finish.CANCELLED);
            }
            return null;
        } catch (RuntimeException | Error e) {
            generation.end(Finish.CANCELLED);
            return e;
        }
    }

    /// Whether no thread but this one has a request. Virtual threads do no arithmetic.
    private boolean isAlone() {
        return numOpen.get() == 1 && !thread.isComputing() && !Thread.currentThread().isVirtual();
    }

    private void step(Generation own) {
        lock.lock();
        try {
            step();
        } catch (RuntimeException | Error e) {
            batcher.end(own, Finish.FAILED, Optional.of(e));
        } finally {
            places.announce();
            lock.unlock();
        }
    }

    private void stepForAll() {
        lock.lock();
        try {
            step();
        } catch (Throwable e) {
            batcher.endAll(Finish.FAILED, Optional.of(e));
        } finally {
            places.announce();
            lock.unlock();
        }
    }

    /// Does one step, with the lock. Waits for a thread that uses the model past the scheduler.
    private void step() {
        claim();
        try {
            boolean ends = endsWanted.get() && endsWanted.getAndSet(false);
            batcher.step(ends);
        } finally {
            steps.release();
        }
    }

    private void claim() {
        while (!steps.claim()) {
            LockSupport.parkNanos(this, CLAIM_NANOS);
        }
    }

    private void locked(Runnable work) {
        lock.lock();
        try {
            claim();
            try {
                work.run();
            } finally {
                steps.release();
            }
        } finally {
            places.announce();
            lock.unlock();
        }
    }

    /// Some request shall end early.
    void endsWanted() {
        endsWanted.set(true);
    }

    /// Some request shall end early, though its caller may be busy.
    void endNow() {
        endsWanted.set(true);
        thread.wake();
    }

    /// Something that remembers the text of one request for the next.
    ///
    /// @throws IllegalStateException if the scheduler is closed
    public Session session() {
        requireOpen();
        Session session = new Session(this);
        locked(() -> places.sessions().add(session));
        return session;
    }

    void clear(Session session, boolean forGood) {
        if (closed && forGood) {
            return;
        }
        requireOpen();
        session.begin();
        try {
            locked(() -> {
                session.discard();
                if (forGood) {
                    places.sessions().remove(session);
                }
            });
        } finally {
            session.end(new int[0]);
        }
    }

    /// Runs something between two steps, while no pass is computed: weights may change. What sessions and the cache of
    /// prefixes remember is forgotten, since it was computed with the weights as they were. Texts that run go on with
    /// what they have, and leave nothing to others.
    ///
    /// @throws IllegalStateException if the scheduler is closed
    public void betweenSteps(Runnable work) {
        requireOpen();
        locked(() -> {
            work.run();
            places.forget();
        });
    }

    /// What goes on at this moment.
    ///
    /// @param numRunning texts that are computed
    /// @param numWaiting texts that have not begun
    /// @param numPreemptions how often a text has given up its memory
    /// @param usedBytes memory of all texts and sessions
    public record Load(int numRunning, int numWaiting, long numPreemptions, long usedBytes) { }

    /// What goes on at this moment; waits for the step that is computed.
    public Load load() {
        lock.lock();
        try {
            return new Load(places.running().size(), numWaiting.get(), places.numPreemptions(), steps.usedBytes());
        } finally {
            lock.unlock();
        }
    }

    /// Ends all requests with [Finish#CANCELLED] and gives all memory back.
    @Override
    public void close() {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("a token listener or a sampler may not close the scheduler that calls it");
        }
        if (closed) {
            return;
        }
        closed = true;
        locked(() -> {
            batcher.endAll(Finish.CANCELLED, Optional.empty());
            places.sessions().forEach(Session::discard);
        });
        thread.end();
        steps.close();
    }
}
