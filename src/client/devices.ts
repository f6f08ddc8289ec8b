/**
 * Microphones and cameras: which there are, opening them, and going on with another when one vanishes.
 * @module
 */
export { DeviceError, type DeviceErrorCode } from "./devices/device-error.ts";
export { type DeviceInfo, type DeviceList, listDevices, watchDevices } from "./devices/list.ts";
export { type DeviceChange, type OpenDevice, type OpenOptions, openCamera, openMicrophone } from "./devices/open.ts";
