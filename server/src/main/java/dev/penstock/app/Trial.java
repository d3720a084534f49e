package dev.penstock.app;

import dev.penstock.inference.Signature;
import dev.penstock.repository.LiveVersion;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.TensorSpec;
import java.util.Map;
import java.util.TreeMap;

/** A command to try on what is served, that will be answered. */
final class Trial {
    private static final int MAX_VALUES = 16;
    private static final String DEFAULT_ADDRESS = "127.0.0.1:8000";

    private Trial() {}

    /**
     * A prediction of the first model with one small input; else the metadata of the first model,
     * else the server's.
     *
     * @param address where predictions are taken over HTTP
     */
    static String of(ServingTable table, String address) {
        String first = null;
        for (Map.Entry<String, ServedModel> each : new TreeMap<>(table.models()).entrySet()) {
            LiveVersion current = each.getValue().current();
            if (current == null) {
                continue;
            }
            String values = values(current.info().signature());
            if (!values.isEmpty()) {
                String where = address.equals(DEFAULT_ADDRESS) ? "" : " --http " + address;
                return "penstock infer " + each.getKey() + values + where;
            }
            first = first == null ? each.getKey() : first;
        }
        return "curl -s " + address + "/v2" + (first == null ? "" : "/models/" + first);
    }

    /** Zeros, as many as the smallest input has; nothing when that is not one small input. */
    private static String values(Signature signature) {
        if (signature.inputs().size() != 1) {
            return "";
        }
        TensorSpec only = signature.inputs().getFirst();
        // JSON does not carry these, and no word stands for all strings.
        if (only.type() == DataType.FP16
                || only.type() == DataType.BF16
                || only.type() == DataType.BYTES) {
            return "";
        }
        long count = 1;
        for (long dim : only.shape().toArray()) {
            count = dim > MAX_VALUES ? Long.MAX_VALUE : count * Math.max(dim, dim < 0 ? 1 : 0);
            if (count > MAX_VALUES) {
                return "";
            }
        }
        return " 0".repeat((int) count);
    }
}
