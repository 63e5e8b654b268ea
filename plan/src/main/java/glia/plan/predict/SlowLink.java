package glia.plan.predict;

/// How much of its time a training run computes while its devices exchange gradients over a slow link. Of a step, the
/// backward pass takes two thirds; the gradients of a layer are sent when they are complete, one layer after the other,
/// and the next step waits for the last of those that are sent:
/// ```
/// utilization = H·t / (H·t + Σ over fragments of max(0, end of its last message - end of the backward pass))
/// ```
/// Data parallel training sends all layers in each step (H = 1, one fragment). Streaming DiLoCo sends each fragment
/// once in H steps, layers `f`, `f + F`, `f + 2F`, … of F fragments.
///
/// Source: Streaming DiLoCo with overlapping communication, https://arxiv.org/abs/2501.18512; Eager Updates For
/// Overlapped Communication and Computation in DiLoCo, https://arxiv.org/abs/2502.12996
///
/// @param parameters of the model
/// @param layers of the model
/// @param stepSeconds of computing
/// @param every steps between two exchanges of a fragment (H)
/// @param fragments of the model
/// @param bits that a device sends and receives for a parameter, one way
public record SlowLink(double parameters, int layers, double stepSeconds, int every, int fragments, double bits) {
    private static final double BACKWARD = 2 / 3.0;

    /// The part of the time that is computed.
    ///
    /// @param rate of the link in bits per second
    public double utilization(double rate) {
        double computed = every * stepSeconds;
        return computed / (computed + waiting(rate));
    }

    private double waiting(double rate) {
        double backward = BACKWARD * stepSeconds;
        double message = bits * parameters / layers / rate;
        double waiting = 0;
        for (int f = 0; f < fragments; f++) {
            double end = 0;
            for (int layer = layers - 1; layer >= 0; layer--) {
                if (layer % fragments == f) {
                    end = Math.max(end, backward * (layers - layer) / layers) + message;
                }
            }
            waiting += Math.max(0, end - backward);
        }
        return waiting;
    }

    /// The lowest rate, in bits per second, with a utilization.
    ///
    /// @param utilization from 0 to 1, exclusive
    public double rate(double utilization) {
        double low = 1;
        double high = 1e18;
        while (high / low > 1 + 1e-9) {
            double middle = Math.sqrt(low * high);
            if (utilization(middle) < utilization) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }
}
