package glia.cli.terminal;

import java.util.Locale;

/// Numbers with units, for people.
public final class Units {
    private Units() {}

    /// A size in decimal units, as disks and the hub use them: `98.4 MB`.
    public static String bytes(long bytes) {
        return bytes < 1000 ? bytes + " B" : scaled(bytes) + "B";
    }

    /// A part of a size, in the unit of the whole: `42.3/98.4 MB`.
    public static String bytes(long part, long whole) {
        String all = bytes(whole);
        int space = all.indexOf(' ');
        double unit = whole < 1000 ? 1 : whole / Double.parseDouble(all.substring(0, space));
        String done = whole < 1000 ? Long.toString(part) : String.format(Locale.ROOT, "%.1f", part / unit);
        return done + "/" + all;
    }

    /// A large count in thousands, millions, billions: `134.5 M`.
    public static String count(long count) {
        return count < 1000 ? Long.toString(count) : scaled(count).replace('G', 'B').replace('k', 'K');
    }

    /// A number of things: `1 token`, `42 tokens`.
    public static String counted(long count, String thing) {
        return count + " " + thing + (count == 1 ? "" : "s");
    }

    /// A duration: `0.042 s`, `3.1 s`, `2 min 5 s`.
    public static String seconds(double seconds) {
        if (seconds >= 60) {
            long whole = Math.round(seconds);
            return whole / 60 + " min " + whole % 60 + " s";
        }
        return String.format(Locale.ROOT, seconds < 1 ? "%.3f s" : "%.1f s", seconds);
    }

    /// A duration in whole seconds, minutes or hours: `9 s`, `2 min 5 s`, `3 h 20 min`.
    public static String wholeSeconds(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60 ? whole + " s" : whole < 3600 ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }

    /// A rate with about three digits: `1234`, `87.3`, `4.56`.
    public static String rate(double rate) {
        return String.format(Locale.ROOT, rate >= 1000 ? "%.0f" : rate >= 10 ? "%.1f" : "%.2f", rate);
    }

    /// A share in percent, such as `42.5 %`.
    public static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    private static String scaled(long number) {
        double value = number;
        int unit = -1;
        while (value >= 999.95 && unit < 5) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %c", value, "kMGTPE".charAt(unit));
    }
}
