package glia.engine.speech;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The text of a sound.
///
/// @param language its code; empty for an empty sound
/// @param duration of the sound, in seconds
public record Transcript(String language, double duration, List<Segment> segments) {
    public Transcript {
        segments = List.copyOf(segments);
    }

    /// A part of the text with its times in seconds.
    ///
    /// @param seek the start of its window
    /// @param logProbability of the window's tokens in the mean
    /// @param compression of the window's text: bytes before and after, a high ratio is repetition
    /// @param noSpeech the probability that the window has no speech
    public record Segment(int id, double seek, double start, double end, String text, List<Integer> tokens,
            double temperature, double logProbability, double compression, double noSpeech, List<Word> words) {
        /// The segment as an object of JSON, with the names of the reference implementation.
        ///
        /// @param withWords whether its words are in it, if it has any
        public Map<String, Object> fields(boolean withWords) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("id", id);
            all.put("seek", Math.round(seek * 100));
            all.put("start", start);
            all.put("end", end);
            all.put("text", text);
            all.put("tokens", tokens);
            all.put("temperature", temperature);
            all.put("avg_logprob", logProbability);
            all.put("compression_ratio", compression);
            all.put("no_speech_prob", noSpeech);
            if (withWords && !words.isEmpty()) {
                all.put("words", words.stream().map(w -> Map.of("word", w.text(), "start", w.start(), "end", w.end(),
                        "probability", w.probability())).toList());
            }
            return all;
        }
    }

    /// A word with its times in seconds.
    public record Word(String text, double start, double end, double probability) {
        Word with(double from, double to) {
            return new Word(text, from, to, probability);
        }
    }

    /// The whole text.
    public String text() {
        StringBuilder all = new StringBuilder();
        segments.forEach(s -> all.append(s.text()));
        return all.toString().strip();
    }

    /// The text as subtitles in the format SubRip (`.srt`).
    public String srt() {
        StringBuilder out = new StringBuilder();
        segments.forEach(s -> out.append(srt(s)));
        return out.toString();
    }

    /// A segment as a subtitle of SubRip.
    public static String srt(Segment s) {
        return (s.id + 1) + "\n" + time(s.start, true, ',') + " --> " + time(s.end, true, ',') + "\n"
                + s.text.strip().replace("-->", "->") + "\n\n";
    }

    /// The text as subtitles in the format WebVTT. https://www.w3.org/TR/webvtt1/
    public String vtt() {
        StringBuilder out = new StringBuilder("WEBVTT\n\n");
        segments.forEach(s -> out.append(vtt(s)));
        return out.toString();
    }

    /// A segment as a cue of WebVTT.
    public static String vtt(Segment s) {
        return time(s.start, false, '.') + " --> " + time(s.end, false, '.') + "\n"
                + s.text.strip().replace("-->", "->") + "\n\n";
    }

    /// Hours, minutes, seconds and milliseconds.
    ///
    /// @param hours whether there are hours where they are 0
    public static String time(double seconds, boolean hours, char point) {
        long all = Math.round(Math.max(0, seconds) * 1000);
        String rest = String.format(Locale.ROOT, "%02d:%02d%c%03d", all / 60_000 % 60, all / 1000 % 60, point,
                all % 1000);
        return hours || all >= 3_600_000 ? String.format(Locale.ROOT, "%02d:%s", all / 3_600_000, rest) : rest;
    }
}
