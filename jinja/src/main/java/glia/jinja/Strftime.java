package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.TextBuilder;

import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/// Formats dates as C's `strftime` does, with English names.
final class Strftime {
    private static final String[] DAYS =
            {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    private static final String[] MONTHS = {"January", "February", "March", "April", "May", "June", "July", "August",
        "September", "October", "November", "December"};
    private static final int ABBREVIATED = 3;
    private static final int STEPS_PER_FIELD = 8;
    private static final int BYTES_PER_FIELD = 256;

    private Strftime() {
    }

    static String format(String format, LocalDateTime time, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        budget.work(format.length());
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            int start = i++;
            char flag = format.charAt(i);
            boolean flagged = "-_0^".indexOf(flag) >= 0 && i + 1 < format.length();
            budget.steps(STEPS_PER_FIELD);
            budget.bytes(BYTES_PER_FIELD);
            String field = field(format.charAt(flagged ? ++i : i), time, budget);
            out.append(field == null ? format.substring(start, i + 1) : flagged ? flagged(field, flag) : field);
        }
        return out.toString();
    }

    /// `%-d` has no padding, `%_d` blanks for zeros, `%^a` capitals.
    private static String flagged(String field, char flag) {
        int zeros = 0;
        while (zeros < field.length() - 1 && (field.charAt(zeros) == '0' || field.charAt(zeros) == ' ')) {
            zeros++;
        }
        boolean number = !field.isEmpty() && Character.isDigit(field.charAt(field.length() - 1));
        return switch (flag) {
            case '-' -> number ? field.substring(zeros) : field;
            case '_' -> number ? " ".repeat(zeros) + field.substring(zeros) : field;
            case '0' -> number ? "0".repeat(zeros) + field.substring(zeros) : field;
            default -> field.toUpperCase(Locale.ROOT);
        };
    }

    /// The text of one conversion, or null for an unknown one.
    private static String field(char conversion, LocalDateTime time, Budget budget) {
        String day = DAYS[time.getDayOfWeek().getValue() - 1];
        String month = MONTHS[time.getMonthValue() - 1];
        return switch (conversion) {
            case 'a' -> day.substring(0, ABBREVIATED);
            case 'A' -> day;
            case 'b', 'h' -> month.substring(0, ABBREVIATED);
            case 'B' -> month;
            case 'd' -> two(time.getDayOfMonth());
            case 'e' -> (time.getDayOfMonth() < 10 ? " " : "") + time.getDayOfMonth();
            case 'm' -> two(time.getMonthValue());
            case 'y' -> two(Math.floorMod(time.getYear(), 100));
            case 'Y' -> String.valueOf(time.getYear());
            case 'C' -> two(time.getYear() / 100);
            case 'j' -> (time.getDayOfYear() < 100 ? "0" : "") + two(time.getDayOfYear());
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'U' -> two((time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((time.getDayOfYear() + 6 - (time.getDayOfWeek().getValue() - 1)) / 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'g' -> two(Math.floorMod(time.get(IsoFields.WEEK_BASED_YEAR), 100));
            case 'Z', 'z' -> "";
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> timeOfDay(conversion, time, budget);
        };
    }

    private static String timeOfDay(char conversion, LocalDateTime time, Budget budget) {
        int hour = time.get(ChronoField.CLOCK_HOUR_OF_AMPM);
        return switch (conversion) {
            case 'H' -> two(time.getHour());
            case 'I' -> two(hour);
            case 'k' -> (time.getHour() < 10 ? " " : "") + time.getHour();
            case 'l' -> (hour < 10 ? " " : "") + hour;
            case 'M' -> two(time.getMinute());
            case 'S' -> two(time.getSecond());
            case 'f' -> String.valueOf(1_000_000 + time.getNano() / 1000).substring(1);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 's' -> String.valueOf(time.atZone(ZoneId.systemDefault()).toEpochSecond());
            case 'c' -> format("%a %b %e %H:%M:%S %Y", time, budget);
            case 'x', 'D' -> format("%m/%d/%y", time, budget);
            case 'X', 'T' -> format("%H:%M:%S", time, budget);
            case 'F' -> format("%Y-%m-%d", time, budget);
            case 'R' -> format("%H:%M", time, budget);
            case 'r' -> format("%I:%M:%S %p", time, budget);
            default -> null;
        };
    }

    private static String two(int number) {
        return number < 10 ? "0" + number : String.valueOf(number);
    }
}
