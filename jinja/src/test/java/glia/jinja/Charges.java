package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Compares what a call charges with the CPU time and memory that it takes.
final class Charges {
    private static final long STEPS = 2_000_000;
    private static final long BYTES = 32L << 20;
    private static final int MAX_NANOS_PER_STEP = 1000;
    private static final long FREE_NANOS = 50_000_000;
    private static final double MAX_BYTES_PER_BYTE = 1;
    private static final long FREE_BYTES = 100_000;
    /// A call that is too slow is measured again: other processes and the compiler disturb.
    private static final int ATTEMPTS = 12;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    final List<String> violations = new ArrayList<>();

    /// A call that charges a budget.
    interface Call {
        Object run(Budget budget);
    }

    /// A prepared call: what is done outside of the measurement gives what is done inside.
    void check(String name, Supplier<Call> prepared) {
        String violation = "";
        for (int i = 0; i < ATTEMPTS; i++) {
            violation = violation(prepared.get());
            if (violation.isEmpty()) {
                return;
            }
        }
        violations.add(name + ": " + violation);
    }

    private static String violation(Call call) {
        Budget budget = new Budget(STEPS, BYTES, 600);
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long nanos = THREADS.getCurrentThreadCpuTime();
        try {
            call.run(budget);
        } catch (JinjaError e) {
            // Errors are results, too, and must be charged for.
        }
        nanos = THREADS.getCurrentThreadCpuTime() - nanos;
        allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        long steps = budget.spentSteps();
        long bytes = budget.spentBytes();
        boolean slow = nanos > FREE_NANOS + MAX_NANOS_PER_STEP * steps;
        boolean large = allocated > FREE_BYTES + MAX_BYTES_PER_BYTE * bytes;
        return (slow ? nanos / 1000 + " µs for " + steps + " steps " : "")
                + (large ? allocated + " bytes for " + bytes + " charged" : "");
    }

    /// The steps that a call charges.
    static long steps(Call call) {
        Budget budget = new Budget(STEPS, BYTES, 600);
        try {
            call.run(budget);
        } catch (JinjaError e) {
            // Up to the error.
        }
        return budget.spentSteps();
    }
}
