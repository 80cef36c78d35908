/** The name that health checks ask for. */
export const serviceName = 'envoy.service.ext_proc.v3.ExternalProcessor';

/** The path of the one method of the service. */
export const processPath: string = `/${serviceName}/Process`;
