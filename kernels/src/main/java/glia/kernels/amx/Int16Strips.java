package glia.kernels.amx;

import glia.kernels.panels.PanelFormat;

/// How `Int16Product` splits a depth of K columns into strips. Each strip has its own scale for each row, and its part
/// of the weights fits the L1 cache. Strips have about equal numbers of *steps* of 64 columns; if K is a multiple of
/// 256, so is the start of each.
///
/// @param steps of the whole depth; the last one may be half
/// @param unit number of steps that stay together
/// @param count number of strips
record Int16Strips(int steps, int unit, int count) {
    /// Columns of a step.
    static final int STEP = 64;
    /// Maximal number of steps in a strip: 36 KB for 32 rows of weights.
    static final int MAX = 9;
    private static final int SUPERBLOCK = 256;

    /// The strips of this many columns, a multiple of 32.
    static Int16Strips of(int cols) {
        int steps = Math.ceilDiv(cols, STEP);
        int unit = cols % SUPERBLOCK == 0 ? SUPERBLOCK / STEP : 1;
        return new Int16Strips(steps, unit, Math.ceilDiv(steps, MAX / unit * unit));
    }

    /// The first step of a strip; for the strip after the last, the number of steps.
    int first(int strip) {
        return unit * (int) ((long) strip * (steps / unit) / count);
    }

    /// The first block of 32 columns of a strip. For the strip after the last it may be too large by one.
    int firstBlock(int strip) {
        return first(strip) * (STEP / PanelFormat.BLOCK);
    }

    /// Steps of a strip.
    int stepsOf(int strip) {
        return first(strip + 1) - first(strip);
    }
}
