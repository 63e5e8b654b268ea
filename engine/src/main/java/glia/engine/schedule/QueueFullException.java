package glia.engine.schedule;

/// The queue of waiting sequences is full. The request was not started and may succeed later.
public final class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    QueueFullException(int numWaiting, int numAsked, int maxWaiting) {
        super(numWaiting + " sequences are waiting and " + numAsked + " more were submitted; at most " + maxWaiting
                + " may wait: try again later, or raise SchedulerOptions.maxWaiting");
    }
}
