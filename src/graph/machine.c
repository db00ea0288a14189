#include "polytree/graph/machine.h"

void pt_machine_init(pt_machine_t *machine)
{
    *machine = (pt_machine_t){.rates = {.madds = 5e10,
                                        .memory = 1e10,
                                        .latency = {1e-6, 2e-6},
                                        .bandwidth = {5e9, 5e9}}};
}

double pt_machine_message(const pt_machine_t *machine, pt_wire_t wire, double bytes)
{
    return machine->rates.latency[wire] + bytes / machine->rates.bandwidth[wire];
}
