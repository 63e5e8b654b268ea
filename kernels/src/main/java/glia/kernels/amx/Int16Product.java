package glia.kernels.amx;

import glia.kernels.amx.AmxProducts.AmxBlocks;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.SystemMemory;
import glia.kernels.panels.PackedWeights;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.WorkerScratch;
import glia.kernels.tiled.Scratch;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.GroupedGemm.Problem;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// GEMM of quantized weights with many tokens by AMX tile registers: both factors of `y = x · wᵀ` become 16-bit
/// integers, by strips of the depth; x once (`Int16Rows`), w panel by panel (`Int16PanelCode`). `Int16Code` multiplies.
///
/// For a strip, x and the results of a block of tokens and panels stay in the L2 cache, and the converted weights of
/// two panels in L1:
/// ```
/// for each block of up to 256 tokens and 512 rows of w, on all threads:
///     for each strip, for each two panels:
///         convert w
///         results (+)= w · x, 16 tokens at a time
///     y = results
/// ```
/// The error is at most `n · max|x| · max|w| · 2^-12` for a strip of n columns with these largest values. Typically it
/// is about 10^-4 of the product of both rows' norms: a fiftieth of that of int8 activations.
public final class Int16Product implements Workers.Task {
    /// The number of tokens from which on this is faster than int8 activations.
    public static final int MIN_TOKENS = 48;
    private static final int PANELS = 2;
    private static final int PAIR_ROWS = PANELS * PanelFormat.ROWS;

    private final Workers workers;
    private final PackedWeights weights;
    private final Int16Rows x;
    private final Function[] code = new Function[PanelFormat.values().length];
    private final MemorySegment workAreas;
    private final Scratch[] memory;
    private final AmxBlocks blocks;

    // The current matrix multiplication.
    private PanelFormat format;
    private Matrix w;
    private Tensor y;
    private int yRow;
    private long panels;
    private long panelBytes;
    private int numPanels;
    private int depthBlocks;

    public Int16Product(Workers workers, PackedWeights weights) {
        this.workers = workers;
        this.weights = weights;
        x = new Int16Rows(workers);
        workAreas = WorkerScratch.each(workers.count());
        memory = Scratch.each(workers.count(), SystemMemory::scratch);
        blocks = new AmxBlocks(workers);
    }

    /// Whether this is faster for so many tokens.
    public static boolean supports(int numTokens, Matrix w) {
        return numTokens >= MIN_TOKENS && PanelFormat.of(w) != null && w.rows() > 0 && w.cols() > 0;
    }

    public static boolean supports(Problem p) {
        return supports(p.numRows(), p.w());
    }

    /// Whether this is faster for some of these multiplications.
    public static boolean supportsSome(GroupedGemm list) {
        for (int i = 0; i < list.size(); i++) {
            if (supports(list.get(i))) {
                return true;
            }
        }
        return false;
    }

    /// Computes multiplications that `supports` accepts, one after the other; those with the same rows share their
    /// packed x.
    public void run(GroupedGemm list) {
        for (int i = 0; i < list.size(); i++) {
            Problem p = list.get(i);
            if (i == 0 || !p.sharesInput(list.get(i - 1))) {
                x.pack(p.x(), p.xRow(), p.numRows());
            }
            multiply(p.y(), p.yRow(), p.w());
        }
    }

    /// Computes one multiplication that `supports` accepts.
    ///
    /// @throws IllegalArgumentException if the shapes or types do not fit each other
    public void run(Tensor y, Tensor x, Matrix w) {
        PanelFormat.check(y, x, w);
        this.x.pack(x, 0, x.rows());
        multiply(y, 0, w);
    }

    private void multiply(Tensor y, int yRow, Matrix w) {
        this.y = y;
        this.yRow = yRow;
        this.w = w;
        format = PanelFormat.of(w);
        MemorySegment packed = weights.of(format, w);
        panels = packed.address();
        if (code[format.ordinal()] == null) {
            code[format.ordinal()] = Int16PanelCode.of(format);
        }
        panelBytes = format.panelBytes(w.cols());
        numPanels = Math.ceilDiv(w.rows(), PanelFormat.ROWS);
        depthBlocks = w.cols() / PanelFormat.BLOCK;
        blocks.cut(x.groups(), Int16Code.TOKENS, Math.ceilDiv(numPanels, PANELS));
        workers.run(this, blocks.count());
        Reference.reachabilityFence(packed);
        this.y = null;
        this.w = null;
    }

    @Override
    public void run(int chunk, int worker) {
        int firstPair = blocks.firstPanel(chunk);
        int numPairs = blocks.numPanels(chunk);
        int firstGroup = blocks.firstGroup(chunk);
        int numGroups = blocks.numGroups(chunk);
        long pairResults = (long) numGroups * Int16Code.RESULT_BYTES;
        long call = memory[worker].reserve(Int16Code.CALL_BYTES + Int16Strips.MAX * Int16Code.W_STEP_BYTES
                + numPairs * pairResults);
        long words = call + Int16Code.CALL_BYTES;
        long results = words + Int16Strips.MAX * Int16Code.W_STEP_BYTES;
        Int16Code.prepare(call);
        for (int strip = 0; strip < x.strips().count(); strip++) {
            int steps = x.strips().stepsOf(strip);
            long nextX = x.words((strip + 1) % x.strips().count(), firstGroup);
            for (int pair = 0; pair < numPairs; pair++) {
                int panel = PANELS * (firstPair + pair);
                int count = Math.min(PANELS, numPanels - panel);
                boolean last = pair == numPairs - 1;
                int nextPanel = last ? PANELS * firstPair : panel + PANELS;
                int nextStrip = last ? strip + 1 : strip;
                long area = WorkerScratch.of(workAreas, worker);
                WorkerScratch.panel(area, PanelFormat.ROWS, scales(nextPanel, nextStrip) - scales(panel, strip), 0);
                for (int i = 0; i < count; i++) {
                    words(panel + i, strip, words + (long) i * Int16Code.W_STEP_BYTES / PANELS,
                            call + Int16Code.SCALES + 4L * PanelFormat.ROWS * i, area);
                }
                Int16Code.ahead(call, quants(nextPanel, nextStrip), panelBytes,
                        nextX + (long) pair * numGroups * steps * Int16Code.X_LINES * Int16Code.LINE);
                Int16Code.multiply(call, numGroups, count, strip > 0, results + pair * pairResults,
                        x.words(strip, firstGroup), x.scales(strip, firstGroup), words, steps);
            }
        }
        int token = firstGroup * Int16Code.TOKENS;
        int tokens = Math.min(numGroups * Int16Code.TOKENS, x.numRows() - token);
        int row = firstPair * PAIR_ROWS;
        int rows = Math.min(numPairs * PAIR_ROWS, w.rows() - row);
        AmxCode.move(false, y.address() + (yRow + token) * y.rowBytes() + 4L * row, y.rowBytes(), results,
                Int16Code.TOKENS, pairResults, tokens, rows);
    }

    /// The address of the quants of a strip of a panel.
    private long quants(int panel, int strip) {
        return panels + panel * panelBytes + (long) x.strips().firstBlock(strip) * format.blockBytes();
    }

    /// The address of its scales.
    private long scales(int panel, int strip) {
        return panels + panel * panelBytes + (long) depthBlocks * format.blockBytes()
                + (long) x.strips().firstBlock(strip) / format.scales.blocks * format.scales.sizeBytes;
    }

    /// Converts a strip of a panel.
    private void words(int panel, int strip, long to, long toScales, long workArea) {
        int count = Math.min(depthBlocks, x.strips().firstBlock(strip + 1)) - x.strips().firstBlock(strip);
        code[format.ordinal()].call(quants(panel, strip), scales(panel, strip), to, count / format.scales.blocks,
                toScales, workArea);
    }

    /// Packs rows of x as 16-bit integers (`Int16Code`), by strips: `[strip][group][step][high, low][16 tokens][64]`,
    /// scales `[strip][group][16]`. Tokens beyond the last are undefined.
    static final class Int16Rows extends RangeTask {
        private final Scratch packed = new Scratch(SystemMemory::scratch);
        private Tensor x;
        private int firstRow;
        private int numRows;
        private int cols;
        private Int16Strips strips;
        private long words;
        private long scales;

        Int16Rows(Workers workers) {
            super(workers);
        }

        void pack(Tensor x, int firstRow, int numRows) {
            this.x = x;
            this.firstRow = firstRow;
            this.numRows = numRows;
            if (x.cols() != cols) {
                cols = x.cols();
                strips = Int16Strips.of(cols);
            }
            long wordBytes = (long) groups() * strips.steps() * Int16Code.X_STEP_BYTES;
            words = packed.reserve(wordBytes + 4L * strips.count() * groups() * Int16Code.TOKENS);
            scales = words + wordBytes;
            distribute(numRows, x.cols());
            this.x = null;
        }

        int groups() {
            return Math.ceilDiv(numRows, Int16Code.TOKENS);
        }

        int numRows() {
            return numRows;
        }

        Int16Strips strips() {
            return strips;
        }

        /// The address of a group's integers of a strip.
        long words(int strip, int group) {
            return words + ((long) groups() * strips.first(strip) + (long) group * strips.stepsOf(strip))
                    * Int16Code.X_STEP_BYTES;
        }

        /// The address of a group's scales of a strip.
        long scales(int strip, int group) {
            return scales + 4L * Int16Code.TOKENS * ((long) strip * groups() + group);
        }

        @Override
        protected void range(int from, int end, int worker) {
            int blocks = x.cols() / PanelFormat.BLOCK;
            for (int i = from; i < end; i++) {
                long row = x.address() + (firstRow + i) * x.rowBytes();
                int group = i / Int16Code.TOKENS;
                int inGroup = i % Int16Code.TOKENS;
                for (int strip = 0; strip < strips.count(); strip++) {
                    int block = strips.firstBlock(strip);
                    Int16Code.pack(row + 4L * PanelFormat.BLOCK * block,
                            Math.min(blocks, strips.firstBlock(strip + 1)) - block,
                            words(strip, group) + (long) Int16Strips.STEP * inGroup,
                            scales(strip, group) + 4L * inGroup);
                }
            }
        }
    }

    /// How `Int16Product` splits a depth of K columns into strips. Each strip has its own scale for each row, and its
    /// part of the weights fits the L1 cache. Strips have about equal numbers of *steps* of 64 columns; if K is a
    /// multiple of 256, so is the start of each.
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
}
