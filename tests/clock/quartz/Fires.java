import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.StringJoiner;
import java.util.TimeZone;
import javax.xml.parsers.ParserConfigurationException;
import org.quartz.simpl.CascadingClassLoadHelper;
import org.quartz.spi.OperableTrigger;
import org.quartz.xml.XMLSchedulingDataProcessor;
import org.xml.sax.InputSource;

/**
 * When Quartz fires. A line of input is `after until most xml`, by tabs: two instants in milliseconds, how many times
 * to tell at most, and scheduling data of one trigger. Its line of output has the times after the one and up to the
 * other, in seconds, or `! ` and why Quartz refuses it. Lines of output begin with `=`, as Quartz may log to it. What
 * the XML's schema refuses is tried all the same: it knows no `L-5W`, which programs may say.
 */
class Fires extends XMLSchedulingDataProcessor {
    Fires() throws ParserConfigurationException {
        super(loader());
    }

    private static CascadingClassLoadHelper loader() {
        CascadingClassLoadHelper loader = new CascadingClassLoadHelper();
        loader.initialize();
        return loader;
    }

    private String fires(String[] asked) {
        try {
            prepForProcessing();
            process(new InputSource(new StringReader(asked[3])));
            OperableTrigger trigger = (OperableTrigger) getLoadedTriggers().get(0);
            Date after = new Date(Long.parseLong(asked[0]));
            if (!asked[3].contains("<start-time>")) {
                trigger.setStartTime(after);  // else it would start today
            }
            return told(trigger, after, new Date(Long.parseLong(asked[1])), Integer.parseInt(asked[2]));
        } catch (Exception | AssertionError error) {
            return "! " + String.valueOf(error).replaceAll("\\s+", " ");
        }
    }

    private static String told(OperableTrigger trigger, Date after, Date until, int most) {
        StringJoiner times = new StringJoiner(" ");
        Date next = trigger.getFireTimeAfter(after);
        for (int count = 0; next != null && !next.after(until) && count < most; count++) {
            times.add(String.valueOf(next.getTime() / 1000));
            next = trigger.getFireTimeAfter(next);
        }
        return times.toString();
    }

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Fires quartz = new Fires();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            System.out.println("=" + quartz.fires(line.split("\t", 4)));
        }
    }
}
