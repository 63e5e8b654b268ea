package glia.kernels.amx;

import glia.kernels.panels.PanelFormat;

/// How `Int16Product` cuts a depth of K columns into strips: each has a scale of its own for each row, and its part of
/// the weights fits the first cache. Strips have about equal numbers of *steps* of 64 columns; where K is a multiple of
/// 256, so is where each begins.
///
/// @param steps of the whole depth; the last one may be half
/// @param unit steps that stay together
/// @param count of strips
record Int16Strips(int steps, int unit, int count) {
    /// Columns of a step.
    static final int STEP = 64;
    /// Steps of a strip at the most: 36 KB of 32 rows of weights.
    static final int MOST = 9;
    private static final int SUPERBLOCK = 256;

    /// The strips of this many columns, a multiple of 32.
    static Int16Strips of(int cols) {
        int steps = Math.ceilDiv(cols, STEP);
        int unit = cols % SUPERBLOCK == 0 ? SUPERBLOCK / STEP : 1;
        return new Int16Strips(steps, unit, Math.ceilDiv(steps, MOST / unit * unit));
    }

    /// The first step of a strip; of the strip after the last, all steps.
    int first(int strip) {
        return unit * (int) ((long) strip * (steps / unit) / count);
    }

    /// The first block of 32 columns of a strip. That of the strip after the last may be one too large.
    int firstBlock(int strip) {
        return first(strip) * (STEP / PanelFormat.BLOCK);
    }

    /// Steps of a strip.
    int stepsOf(int strip) {
        return first(strip + 1) - first(strip);
    }
}
