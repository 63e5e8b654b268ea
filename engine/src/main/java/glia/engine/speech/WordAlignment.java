package glia.engine.speech;

import glia.engine.speech.Transcript.Word;
import glia.model.block.CrossWatcher;
import glia.model.spec.CrossAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Times of words by dynamic time warping over the weights of cross attention: heads that follow the sound are
/// normalized over the tokens, smoothed by a median over time and averaged; the path of the largest sum gives each
/// token its frames. https://github.com/openai/whisper (word timestamps),
/// https://en.wikipedia.org/wiki/Dynamic_time_warping
final class WordAlignment {
    private static final int MEDIAN = 7;
    private static final String BEFORE = "\"'“¿([{-";
    private static final String AFTER = "\"'.。,，!！?？:：”)]}、";
    private static final Set<String> WITHOUT_SPACES = Set.of("zh", "ja", "th", "lo", "my", "yue");

    private final ModelSpec spec;
    private final SpeechTokens tokens;
    private final List<int[]> heads;
    private final Map<Integer, float[]> keys = new HashMap<>();
    private final Map<Integer, float[]> queries = new HashMap<>();

    WordAlignment(ModelSpec spec, SpeechTokens tokens) {
        this.spec = spec;
        this.tokens = tokens;
        List<int[]> found = new ArrayList<>(tokens.alignmentHeads);
        for (int layer = spec.numLayers() / 2; found.isEmpty() || layer < spec.numLayers(); layer++) {
            for (int head = 0; tokens.alignmentHeads.isEmpty() && head < cross(layer).numHeads(); head++) {
                found.add(new int[] {layer, head});
            }
        }
        heads = found;
    }

    private CrossAttention cross(int layer) {
        return spec.sublayers().stream().filter(s -> s.layer() == layer).map(s -> s.mixer())
                .filter(CrossAttention.class::isInstance).map(CrossAttention.class::cast).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("alignment_heads: there is no layer " + layer));
    }

    /// Keeps the keys of a window, and queries of the tokens after it.
    CrossWatcher watcher() {
        return this::crossed;
    }

    private void crossed(Place place, Tensor q, Tensor k) {
        int layer = spec.sublayers().get(place.sublayer()).layer();
        if (heads.stream().anyMatch(h -> h[0] == layer)) {
            queries.put(layer, q.toArray());
            if (k.rows() > 0) {
                keys.put(layer, k.toArray());
            }
        }
    }

    /// The words of a window's text with times from its start on.
    ///
    /// @param text without timestamps
    /// @param task the tokens before the text, without timestamps
    /// @param numFrames the encoder's positions that are sound
    Aligned words(WindowDecoder decoder, List<Integer> text, int[] task, int numFrames, String language) {
        List<Integer> all = new ArrayList<>();
        Arrays.stream(task).forEach(all::add);
        all.addAll(text);
        all.add(tokens.end);
        Tensor logits = decoder.all(all.stream().mapToInt(Integer::intValue).toArray(), watcher());
        int[] times = times(all.size(), task.length - 1, numFrames);
        List<Timed> words = new ArrayList<>();
        int at = 0;
        for (List<Integer> word : split(text, language)) {
            double probability = 0;
            for (int i = 0; i < word.size(); i++) {
                float[] row = logits.rows(task.length + at + i - 1, task.length + at + i).toArray();
                probability += Math.exp(row[word.get(i)] - SpeechRules.logSum(row, 0, tokens.end));
            }
            words.add(new Timed(tokens.text(word), word.size(), times[at] * SpeechTokens.STEP,
                    times[at + word.size()] * SpeechTokens.STEP, probability / word.size()));
            at += word.size();
        }
        double usual = usualLength(words);
        shorten(words, usual);
        return new Aligned(merged(words), usual);
    }

    /// The words of a window.
    ///
    /// @param usual the median of their lengths, at most 0.7 s
    record Aligned(List<Timed> words, double usual) { }

    /// A word and its tokens.
    record Timed(String text, int numTokens, double start, double end, double probability) {
        Timed with(double from, double to) {
            return new Timed(text, numTokens, from, to, probability);
        }
    }

    /// The first frame of each token of the text, and of the end token: the frames that the queries which predict
    /// them look at.
    ///
    /// @param first the last token before the text
    private int[] times(int numTokens, int first, int numFrames) {
        double[][] matrix = new double[numTokens - 1 - first][numFrames];
        for (int[] h : heads) {
            float[] q = queries.get(h[0]);
            float[] k = keys.get(h[0]);
            int size = cross(h[0]).headSize();
            int width = q.length / numTokens;
            double[][] weights = new double[numTokens][numFrames];
            for (int n = 0; n < numTokens; n++) {
                double largest = Double.NEGATIVE_INFINITY;
                for (int f = 0; f < numFrames; f++) {
                    double dot = 0;
                    for (int e = h[1] * size; e < (h[1] + 1) * size; e++) {
                        dot += q[n * width + e] * k[f * width + e];
                    }
                    weights[n][f] = dot * cross(h[0]).scale();
                    largest = Math.max(largest, weights[n][f]);
                }
                double sum = 0;
                for (int f = 0; f < numFrames; f++) {
                    weights[n][f] = Math.exp(weights[n][f] - largest);
                    sum += weights[n][f];
                }
                for (int f = 0; f < numFrames; f++) {
                    weights[n][f] /= sum;
                }
            }
            normalize(weights);
            for (int n = first; n < numTokens - 1; n++) {
                double[] smooth = median(weights[n]);
                for (int f = 0; f < numFrames; f++) {
                    matrix[n - first][f] += smooth[f] / heads.size();
                }
            }
        }
        return path(matrix);
    }

    private static void normalize(double[][] weights) {
        for (int f = 0; f < weights[0].length; f++) {
            double mean = 0;
            double square = 0;
            for (double[] row : weights) {
                mean += row[f] / weights.length;
            }
            for (double[] row : weights) {
                square += (row[f] - mean) * (row[f] - mean) / weights.length;
            }
            double deviation = Math.sqrt(square);
            for (double[] row : weights) {
                row[f] = deviation == 0 ? 0 : (row[f] - mean) / deviation;
            }
        }
    }

    /// The median of each value and its neighbours, reflected at the ends.
    private static double[] median(double[] row) {
        if (row.length <= MEDIAN / 2) {
            return row;
        }
        double[] smooth = new double[row.length];
        double[] near = new double[MEDIAN];
        for (int f = 0; f < row.length; f++) {
            for (int i = 0; i < MEDIAN; i++) {
                int at = Math.abs(f + i - MEDIAN / 2);
                near[i] = row[at < row.length ? at : 2 * (row.length - 1) - at];
            }
            double[] sorted = near.clone();
            Arrays.sort(sorted);
            smooth[f] = sorted[MEDIAN / 2];
        }
        return smooth;
    }

    /// The first frame of each row on the path of the largest sum from the first to the last corner.
    static int[] path(double[][] matrix) {
        int rows = matrix.length;
        int columns = rows == 0 ? 0 : matrix[0].length;
        double[][] cost = new double[rows + 1][columns + 1];
        byte[][] from = new byte[rows + 1][columns + 1];
        for (double[] row : cost) {
            Arrays.fill(row, Double.POSITIVE_INFINITY);
        }
        cost[0][0] = 0;
        for (int j = 1; j <= columns; j++) {
            for (int i = 1; i <= rows; i++) {
                double both = cost[i - 1][j - 1];
                double down = cost[i - 1][j];
                double right = cost[i][j - 1];
                from[i][j] = (byte) (both < down && both < right ? 0 : down < both && down < right ? 1 : 2);
                cost[i][j] = -matrix[i - 1][j - 1] + (from[i][j] == 0 ? both : from[i][j] == 1 ? down : right);
            }
        }
        int[] first = new int[rows];
        for (int i = rows, j = columns; i > 0 && j > 0;) {
            first[i - 1] = j - 1;
            switch (from[i][j]) {
                case 0 -> {
                    i--;
                    j--;
                }
                case 1 -> i--;
                default -> j--;
            }
        }
        return first;
    }

    /// The tokens of each word: words begin with a space, in languages without spaces at each character.
    private List<List<Integer>> split(List<Integer> text, String language) {
        List<List<Integer>> words = new ArrayList<>();
        List<Integer> part = new ArrayList<>();
        for (int token : text) {
            part.add(token);
            String decoded = tokens.text(part);
            if (decoded.indexOf('\uFFFD') >= 0) {
                continue;
            }
            boolean isMark = decoded.strip().length() == 1 && "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
                    .contains(decoded.strip());
            if (words.isEmpty() || decoded.startsWith(" ") || isMark || WITHOUT_SPACES.contains(language)) {
                words.add(new ArrayList<>(part));
            } else {
                words.getLast().addAll(part);
            }
            part.clear();
        }
        if (!part.isEmpty()) {
            words.add(new ArrayList<>(part));
        }
        return words;
    }

    private static double usualLength(List<Timed> words) {
        double[] lengths = words.stream().mapToDouble(w -> w.end - w.start).filter(d -> d > 0).sorted().toArray();
        return lengths.length == 0 ? 0 : Math.min(0.7, lengths.length % 2 == 1 ? lengths[lengths.length / 2]
                : (lengths[lengths.length / 2 - 1] + lengths[lengths.length / 2]) / 2);
    }

    /// Ends words that are much longer than others, which hold a pause, at sentence marks.
    private static void shorten(List<Timed> words, double usual) {
        for (int i = 1; i < words.size(); i++) {
            Timed w = words.get(i);
            if (w.end - w.start <= 2 * usual) {
                continue;
            }
            if (".。!！?？".contains(w.text)) {
                words.set(i, w.with(w.start, w.start + 2 * usual));
            } else if (".。!！?？".contains(words.get(i - 1).text)) {
                words.set(i, w.with(w.end - 2 * usual, w.end));
            }
        }
    }

    /// Moves the ends of a segment's words, where the first holds the pause before it, or the first or last reach far
    /// beyond the segment's own times.
    ///
    /// @param start of the segment by its timestamps, `end` likewise
    /// @param spoken the end of the segment before
    /// @param usual the usual length of a word
    static void trim(List<Word> words, double start, double end, double spoken, double usual) {
        if (words.isEmpty()) {
            return;
        }
        Word first = words.getFirst();
        double most = 2 * usual;
        if (first.end() - spoken > 4 * usual && (first.end() - first.start() > most
                || words.size() > 1 && words.get(1).end() - first.start() > 2 * most)) {
            Word second = words.size() > 1 ? words.get(1) : first;
            if (words.size() > 1 && second.end() - second.start() > most) {
                double boundary = Math.max(second.end() / 2, second.end() - most);
                first = first.with(first.start(), boundary);
                words.set(1, second.with(boundary, second.end()));
            }
            first = first.with(Math.max(0, first.end() - most), first.end());
        }
        if (start < first.end() && start - 0.5 > first.start()) {
            first = first.with(Math.max(0, Math.min(first.end() - usual, start)), first.end());
        }
        words.set(0, first);
        Word last = words.getLast();
        if (end > last.start() && end + 0.5 < last.end()) {
            words.set(words.size() - 1, last.with(last.start(), Math.max(last.start() + usual, end)));
        }
    }

    /// Joins punctuation with the word before or after.
    private static List<Timed> merged(List<Timed> words) {
        List<Timed> merged = new ArrayList<>();
        Timed opening = null;
        for (Timed w : words) {
            if (w.text.startsWith(" ") && w.text.strip().length() == 1 && BEFORE.contains(w.text.strip())) {
                opening = opening == null ? w : joined(opening, w);
                continue;
            }
            Timed whole = opening == null ? w : joined(opening, w);
            boolean isClosing = opening == null && !w.text.isEmpty() && AFTER.contains(w.text)
                    && !merged.isEmpty() && !merged.getLast().text.endsWith(" ");
            opening = null;
            if (isClosing) {
                Timed before = merged.removeLast();
                merged.add(new Timed(before.text + w.text, before.numTokens + w.numTokens, before.start, before.end,
                        before.probability));
            } else {
                merged.add(whole);
            }
        }
        if (opening != null) {
            merged.add(opening);
        }
        return merged;
    }

    private static Timed joined(Timed opening, Timed w) {
        return new Timed(opening.text + w.text, opening.numTokens + w.numTokens, w.start, w.end, w.probability);
    }
}
