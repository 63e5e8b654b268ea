package glia.engine.schedule;

/// As many requests wait as the scheduler allows. Nothing was begun; the same request may succeed later.
public final class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    QueueFullException(int numWaiting, int numAsked, int maxWaiting) {
        super(numWaiting + " texts wait to be computed and " + numAsked + " more were asked for; at most " + maxWaiting
                + " may wait: try again later, or raise SchedulerOptions.maxWaiting");
    }
}
